package objectservers

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/barq-db/barq-operator/hack/programs"
	"github.com/barq-db/barq-operator/internal/objectstore"
)

// kind is what differs between the servers.
type kind struct {
	// path is what an endpoint has behind its address.
	path string
	// program returns the server's, after building it.
	program   func(ctx context.Context, root string, progress io.Writer) (string, error)
	arguments func(host, port, folder string) []string
	create    func(ctx context.Context, s *Server, bucket string) error
	// secret and wrong are the files of credentials that are taken and refused.
	secret, wrong func(*tokens) map[string]string
}

// The account and the key are Azurite's own, and public.
const (
	azuriteAccount = "devstoreaccount1"
	azuriteKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

var kinds = map[objectstore.Provider]kind{
	objectstore.S3: {
		program: pinned("versitygw"),
		arguments: func(host, port, folder string) []string {
			return []string{
				"--quiet", "--port", net.JoinHostPort(host, port), "--access", "id", "--secret", "right",
				"posix", "--sidecar", sidecar(folder), objects(folder),
			}
		},
		create: func(_ context.Context, s *Server, bucket string) error {
			return os.Mkdir(filepath.Join(s.objects(), bucket), 0o700)
		},
		// The end of the line is as in a Secret that was made of a file.
		secret: func(*tokens) map[string]string { return keysS3("right\n") },
		wrong:  func(*tokens) map[string]string { return keysS3("wrong") },
	},
	objectstore.GCS: {
		program: pinned("fake-gcs-server"),
		arguments: func(host, port, _ string) []string {
			return []string{
				"-scheme", "http", "-host", host, "-port", port, "-public-host", net.JoinHostPort(host, port),
				"-backend", "memory", "-log-level", "error",
			}
		},
		create: createGCS,
		secret: func(t *tokens) map[string]string { return keyGCS(serviceAccount(t.url + "/right")) },
		wrong: func(t *tokens) map[string]string {
			return keyGCS(base64.StdEncoding.EncodeToString([]byte(serviceAccount(t.url + "/wrong"))))
		},
	},
	objectstore.Azure: {
		path:    "/" + azuriteAccount,
		program: azurite,
		arguments: func(host, port, _ string) []string {
			return []string{
				"--blobHost", host, "--blobPort", port, "--inMemoryPersistence", "--silent",
				"--skipApiVersionCheck", "--disableProductStyleUrl", "--disableTelemetry",
			}
		},
		create: createAzure,
		secret: func(*tokens) map[string]string { return keysAzure(azuriteKey) },
		wrong:  func(*tokens) map[string]string { return keysAzure(base64.StdEncoding.EncodeToString([]byte("wrong"))) },
	},
}

func keysS3(secret string) map[string]string {
	return map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": secret}
}

func keyGCS(account string) map[string]string {
	return map[string]string{"GOOGLE_APPLICATION_CREDENTIALS_JSON": account}
}

func keysAzure(key string) map[string]string {
	return map[string]string{"AZURE_STORAGE_ACCOUNT": azuriteAccount, "AZURE_STORAGE_ACCESS_KEY": key}
}

// pinned builds a server that hack/tools/objectservers pins.
func pinned(name string) func(context.Context, string, io.Writer) (string, error) {
	return func(ctx context.Context, root string, progress io.Writer) (string, error) {
		built, err := programs.Build(ctx, filepath.Join(root, "hack", "tools", "objectservers"), progress, name)
		return built[name], err
	}
}

// ErrNoNPM says that Azurite is not installed and that there is no npm to install it with.
var ErrNoNPM = errors.New("npm is not installed, which installs Azurite; on Debian or Ubuntu run `apt-get install npm`")

// noNPM is the status of azurite.sh.
const noNPM = 3

func azurite(ctx context.Context, root string, progress io.Writer) (string, error) {
	command := exec.CommandContext(ctx, filepath.Join(root, "hack", "tools", "azurite", "azurite.sh"))
	command.Stderr = progress
	path, err := command.Output()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended) && ended.ExitCode() == noNPM:
		return "", ErrNoNPM
	case err != nil:
		return "", fmt.Errorf("install Azurite: %w", err)
	}
	return strings.TrimSpace(string(path)), nil
}

func createGCS(ctx context.Context, s *Server, bucket string) error {
	body, err := json.Marshal(map[string]string{"name": bucket})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/storage/v1/b", strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	return nil
}

func createAzure(ctx context.Context, s *Server, bucket string) error {
	shared, err := container.NewSharedKeyCredential(azuriteAccount, azuriteKey)
	if err != nil {
		return err
	}
	client, err := container.NewClientWithSharedKeyCredential(s.URL()+"/"+bucket, shared, nil)
	if err != nil {
		return err
	}
	_, err = client.Create(ctx, nil)
	return err
}

// privateKey signs for all accounts of Google, because no server here looks at a signature.
var privateKey = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
})

// serviceAccount returns the key of an account of Google that asks for its tokens at a URL.
func serviceAccount(url string) string {
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "barq@example.com", "token_uri": url, "private_key": privateKey(),
	})
	if err != nil {
		panic(err)
	}
	return string(account)
}
