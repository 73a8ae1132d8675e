package stores_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/objectstore"
)

// serve starts a program that listens on an address, for the time of a test.
func serve(t *testing.T, program, from string, arguments func(host, port string) []string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not in PATH; get it by %s", program, from)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, path, arguments(host, port)...)
	command.Dir = t.TempDir()
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		cancel()
		_ = command.Wait()
	})
	require.Eventually(t, func() bool {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		return connection.Close() == nil
	}, time.Minute, 50*time.Millisecond, "%s does not listen", program)
	return "http://" + address
}

// secret writes a folder as a mounted Secret has it: its files are links into a folder that is
// replaced as a whole.
func secret(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	replaceSecret(t, folder, files)
	return folder
}

func replaceSecret(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	version := filepath.Join(folder, "..version-"+rand.Text())
	require.NoError(t, os.Mkdir(version, 0o700))
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(version, name), []byte(content), 0o600))
		_ = os.Symlink(filepath.Join("..data", name), filepath.Join(folder, name))
	}
	link := filepath.Join(folder, "..data_tmp")
	require.NoError(t, os.Symlink(filepath.Base(version), link))
	require.NoError(t, os.Rename(link, filepath.Join(folder, "..data")))
}

const fromModule = "hack/programs/programs.sh hack/tools/objectservers"

func TestVersityGateway(t *testing.T) {
	root, sidecar := t.TempDir(), t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "barq"), 0o700))
	url := serve(t, "versitygw", fromModule, func(host, port string) []string {
		return []string{"--quiet", "--port", host + ":" + port, "--access", "id", "--secret", "right", "posix", "--sidecar", sidecar, root}
	})
	keys := map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "right\n"}
	s := subject{
		options: objectstore.Options{
			Provider: objectstore.S3, Bucket: "barq", Region: "us-east-1", Endpoint: url, ForcePathStyle: true,
			Credentials: secret(t, keys),
		},
		file:   func(key string) string { return filepath.Join(root, "barq", key) },
		reason: objectstore.CredentialsRejected,
		denied: func(t *testing.T, options *objectstore.Options) {
			options.Credentials = secret(t, map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "wrong"})
		},
	}
	contract(t, s)
	t.Run("a rotation needs no restart", func(t *testing.T) {
		s.options.Credentials = secret(t, map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "old"})
		store := opened(t, s.options)
		require.ErrorIs(t, objectstore.Probe(t.Context(), store, "rotated"), objectstore.CredentialsRejected)
		replaceSecret(t, s.options.Credentials, keys)
		require.NoError(t, objectstore.Probe(t.Context(), store, "rotated"))
	})
}

func TestFakeGCS(t *testing.T) {
	url := serve(t, "fake-gcs-server", fromModule, func(host, port string) []string {
		return []string{"-scheme", "http", "-host", host, "-port", port, "-public-host", host + ":" + port, "-backend", "memory", "-log-level", "error"}
	})
	answer, err := http.Post(url+"/storage/v1/b", "application/json", strings.NewReader(`{"name":"barq"}`))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	contract(t, subject{
		options: objectstore.Options{
			Provider: objectstore.GCS, Bucket: "barq", Endpoint: url,
			Credentials: secret(t, map[string]string{"GOOGLE_APPLICATION_CREDENTIALS_JSON": serviceAccount(t, http.StatusOK)}),
		},
		reason: objectstore.CredentialsRejected,
		denied: func(t *testing.T, options *objectstore.Options) {
			key := base64.StdEncoding.EncodeToString([]byte(serviceAccount(t, http.StatusBadRequest)))
			options.Credentials = secret(t, map[string]string{"GOOGLE_APPLICATION_CREDENTIALS_JSON": key})
		},
	})
}

// serviceAccount returns the key of an account whose server of tokens answers with a status.
func serviceAccount(t *testing.T, status int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"access_token":"token","token_type":"Bearer","expires_in":3600,"error":"invalid_grant"}`))
	}))
	t.Cleanup(server.Close)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "barq@example.com", "token_uri": server.URL,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})),
	})
	require.NoError(t, err)
	return string(account)
}

func TestAzurite(t *testing.T) {
	url := serve(t, "azurite-blob", "npm install azurite@3.37.0", func(host, port string) []string {
		return []string{"--blobHost", host, "--blobPort", port, "--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry"}
	})
	// The account and the key are Azurite's own, and public.
	const account = "devstoreaccount1"
	const key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
	url += "/" + account
	shared, err := container.NewSharedKeyCredential(account, key)
	require.NoError(t, err)
	client, err := container.NewClientWithSharedKeyCredential(url+"/barq", shared, nil)
	require.NoError(t, err)
	_, err = client.Create(t.Context(), nil)
	require.NoError(t, err)
	contract(t, subject{
		options: objectstore.Options{
			Provider: objectstore.Azure, Bucket: "barq", Endpoint: url,
			Credentials: secret(t, map[string]string{"AZURE_STORAGE_ACCOUNT": account, "AZURE_STORAGE_ACCESS_KEY": key}),
		},
		// Azurite has the code of what an identity may not do for a wrong key, unlike Azure.
		reason: objectstore.AccessDenied,
		denied: func(t *testing.T, options *objectstore.Options) {
			options.Credentials = secret(t, map[string]string{
				"AZURE_STORAGE_ACCOUNT": account, "AZURE_STORAGE_ACCESS_KEY": base64.StdEncoding.EncodeToString([]byte("wrong")),
			})
		},
	})
}
