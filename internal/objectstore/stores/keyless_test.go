package stores_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/test/objectservers"
)

// projected writes the token of a ServiceAccount as the kubelet does, and returns its file.
func projected(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("the token of the pod"), 0o600))
	return file
}

// service answers as the service of a cloud does that gives something for the token of a pod. It counts how often it is asked.
func service(t *testing.T, asked *atomic.Int64, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// requireUsable requires that a store can be used without credentials of its own.
func requireUsable(t *testing.T, options objectstore.Options, asked *atomic.Int64) {
	t.Helper()
	options.Credentials = ""
	store := opened(t, options)
	require.NoError(t, objectstore.Exercise(t.Context(), store, "probe"))
	require.Positive(t, asked.Load(), "the service was not asked")
	before := asked.Load()
	require.NoError(t, objectstore.Exercise(t.Context(), store, "probe"))
	require.Equal(t, before, asked.Load(), "what the service gave is used again")
}

// startS3 starts a server, and returns its keys. The services of Amazon give a session with keys, which versitygw knows nothing of.
func startS3(t *testing.T) (*objectservers.Server, map[string]string) {
	t.Helper()
	server := objectservers.ForTest(t, "../../..", objectstore.S3)
	require.NoError(t, server.CreateBucket(t.Context(), "barq"))
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	keys := map[string]string{}
	for name, value := range server.Secret() {
		keys[name] = strings.TrimSpace(value)
	}
	return server, keys
}

// An IAM role for a ServiceAccount: the webhook of EKS gives the pod a token, and STS keys for it.
func TestARoleForAServiceAccount(t *testing.T) {
	server, keys := startS3(t)
	var asked atomic.Int64
	t.Setenv("AWS_ENDPOINT_URL_STS", service(t, &asked, func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, r.ParseForm())
		assert.Equal(t, "AssumeRoleWithWebIdentity", r.Form.Get("Action"))
		assert.Equal(t, "arn:aws:iam::123456789012:role/barq", r.Form.Get("RoleArn"))
		assert.Equal(t, "the token of the pod", r.Form.Get("WebIdentityToken"))
		_, _ = fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>`+
			`<AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><Expiration>%s</Expiration>`+
			`</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
			keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/barq")
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", projected(t))
	requireUsable(t, server.Options("barq"), &asked)
}

// EKS Pod Identity: an agent of the node gives keys for the token of the pod.
func TestAPodIdentity(t *testing.T) {
	server, keys := startS3(t)
	var asked atomic.Int64
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", service(t, &asked, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "the token of the pod", r.Header.Get("Authorization"))
		assert.NoError(t, json.NewEncoder(w).Encode(map[string]string{
			"AccessKeyId": keys["AWS_ACCESS_KEY_ID"], "SecretAccessKey": keys["AWS_SECRET_ACCESS_KEY"],
			"AccountId": "123456789012", "Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		}))
	})+"/v1/credentials")
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", projected(t))
	requireUsable(t, server.Options("barq"), &asked)
}

// A Google service account for a ServiceAccount: the metadata server of GKE gives the pod tokens.
func TestAWorkloadIdentityOfGKE(t *testing.T) {
	server := objectservers.ForTest(t, "../../..", objectstore.GCS)
	require.NoError(t, server.CreateBucket(t.Context(), "barq"))
	var asked atomic.Int64
	metadata := service(t, &asked, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Metadata-Flavor", "Google")
		switch {
		case strings.HasSuffix(r.URL.Path, "/service-accounts/default/token"):
			assert.Equal(t, "Google", r.Header.Get("Metadata-Flavor"))
			assert.NoError(t, json.NewEncoder(w).Encode(map[string]any{"access_token": "the token of the cloud", "expires_in": 3600, "token_type": "Bearer"}))
		case strings.HasSuffix(r.URL.Path, "/universe/universe-domain") || strings.HasSuffix(r.URL.Path, "/universe/universe_domain"):
			_, _ = io.WriteString(w, "googleapis.com")
		default:
			http.NotFound(w, r)
		}
	})
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(metadata, "http://"))
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("HOME", t.TempDir())
	options := server.Options("barq")
	options.Endpoint = demanding(t, options.Endpoint, "Bearer the token of the cloud").URL
	requireUsable(t, options, &asked)
}

// demanding is a server in front of another one that lets requests with one Authorization through.
func demanding(t *testing.T, behind, authorization string) *httptest.Server {
	t.Helper()
	to, err := url.Parse(behind)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != authorization {
			http.Error(w, "who are you", http.StatusUnauthorized)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

// Azure workload identity: the webhook gives the pod a token, and Entra ID one of Azure for it. Azurite takes no such tokens, so the
// store only says who has come.
func TestAWorkloadIdentityOfAzure(t *testing.T) {
	var asked, stored atomic.Int64
	var authority *httptest.Server
	authority = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/token"):
			asked.Add(1)
			assert.NoError(t, r.ParseForm())
			assert.Equal(t, "the token of the pod", r.Form.Get("client_assertion"))
			assert.Equal(t, "client", r.Form.Get("client_id"))
			assert.Contains(t, r.Form.Get("scope"), "https://storage.azure.com/.default")
			assert.NoError(t, json.NewEncoder(w).Encode(map[string]any{"access_token": "the token of the cloud", "expires_in": 3600, "token_type": "Bearer"}))
		case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
			assert.NoError(t, json.NewEncoder(w).Encode(map[string]string{
				"issuer": authority.URL + "/tenant/v2.0", "authorization_endpoint": authority.URL + "/tenant/oauth2/v2.0/authorize", "token_endpoint": authority.URL + "/tenant/oauth2/v2.0/token",
			}))
		case r.Header.Get("Authorization") == "Bearer the token of the cloud" && r.Method == http.MethodPut:
			stored.Add(1)
			w.WriteHeader(http.StatusCreated)
		default:
			http.Error(w, r.URL.Path, http.StatusForbidden)
		}
	}))
	t.Cleanup(authority.Close)
	roots := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate().Raw}), 0o600))
	t.Setenv("AZURE_AUTHORITY_HOST", authority.URL)
	t.Setenv("AZURE_TENANT_ID", "tenant")
	t.Setenv("AZURE_CLIENT_ID", "client")
	t.Setenv("AZURE_FEDERATED_TOKEN_FILE", projected(t))
	store := opened(t, objectstore.Options{Provider: objectstore.Azure, Bucket: "barq", Account: "account", Endpoint: authority.URL, CAFile: roots})
	for number := range 2 {
		require.NoError(t, store.Create(t.Context(), fmt.Sprint("key-", number), strings.NewReader("content")))
	}
	require.Equal(t, []int64{1, 2}, []int64{asked.Load(), stored.Load()})
}
