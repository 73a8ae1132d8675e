package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/objectstore"
)

// keys are credentials of each provider that no server looks at.
var keys = map[objectstore.Provider]map[string]string{
	objectstore.S3:    {fileS3KeyID: "id", fileS3Secret: "secret"},
	objectstore.Azure: {fileAzureAccount: "account", fileAzureKey: "a2V5"},
}

// at returns a bucket of a provider whose server is at a URL.
func at(t *testing.T, provider objectstore.Provider, url string) objectstore.Backend {
	t.Helper()
	folder := t.TempDir()
	for name, content := range keys[provider] {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	backend, err := New(objectstore.Options{
		Provider: provider, Bucket: "barq", Region: "us-east-1", Endpoint: url, ForcePathStyle: true, Credentials: folder,
	})
	require.NoError(t, err)
	return backend
}

// answering returns a bucket whose server is a handler.
func answering(t *testing.T, provider objectstore.Provider, handle http.HandlerFunc) objectstore.Backend {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return at(t, provider, server.URL)
}

func store(ctx context.Context, backend objectstore.Backend, content io.ReadSeeker) error {
	size, err := content.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = content.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	return backend.Create(ctx, objectstore.Object{Attributes: objectstore.Attributes{Key: "key", Size: size}}, content)
}

// What the providers say by a code, in the body and for a HEAD in the header or in the body of another answer.
func TestReasonsOfCodes(t *testing.T) {
	type answer struct {
		provider objectstore.Provider
		status   int
		code     string
	}
	for given, expected := range map[answer]objectstore.Reason{
		{objectstore.S3, http.StatusNotFound, "NoSuchBucket"}:                        objectstore.BucketMissing,
		{objectstore.S3, http.StatusNotImplemented, "NotImplemented"}:                objectstore.ConditionalWritesUnsupported,
		{objectstore.S3, http.StatusForbidden, "InvalidAccessKeyId"}:                 objectstore.CredentialsRejected,
		{objectstore.S3, http.StatusForbidden, "SignatureDoesNotMatch"}:              objectstore.CredentialsRejected,
		{objectstore.S3, http.StatusBadRequest, "ExpiredToken"}:                      objectstore.CredentialsRejected,
		{objectstore.S3, http.StatusBadRequest, "InvalidToken"}:                      objectstore.CredentialsRejected,
		{objectstore.S3, http.StatusForbidden, "AccessDenied"}:                       objectstore.AccessDenied,
		{objectstore.S3, http.StatusBadRequest, "SomethingElse"}:                     objectstore.Unexpected,
		{objectstore.Azure, http.StatusNotFound, "ContainerNotFound"}:                objectstore.BucketMissing,
		{objectstore.Azure, http.StatusForbidden, "AuthenticationFailed"}:            objectstore.CredentialsRejected,
		{objectstore.Azure, http.StatusUnauthorized, "NoAuthenticationInformation"}:  objectstore.CredentialsRejected,
		{objectstore.Azure, http.StatusForbidden, "AuthorizationPermissionMismatch"}: objectstore.AccessDenied,
		{objectstore.Azure, http.StatusConflict, "BlobAlreadyExists"}:                objectstore.Exists,
	} {
		backend := answering(t, given.provider, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("x-ms-error-code", given.code)
			w.WriteHeader(given.status)
			fmt.Fprintf(w, "<Error><Code>%s</Code><Message>text</Message></Error>", given.code)
		})
		require.ErrorIs(t, store(t.Context(), backend, strings.NewReader("content")), expected, given)
		if expected == objectstore.CredentialsRejected || expected == objectstore.AccessDenied {
			_, err := backend.Attributes(t.Context(), "key")
			assert.ErrorIs(t, err, expected, given)
		}
	}
}

func TestTheClockByTheDateOfAnAnswer(t *testing.T) {
	for provider := range keys {
		backend := answering(t, provider, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
			w.Header().Set("x-ms-error-code", "AuthenticationFailed")
			w.WriteHeader(http.StatusForbidden)
		})
		_, err := backend.Attributes(t.Context(), "key")
		assert.ErrorIs(t, err, objectstore.ClockSkewed, provider)
	}
}

func TestAnEndpointThatDoesNotListen(t *testing.T) {
	for provider := range keys {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		_, err := at(t, provider, "http://127.0.0.1:1").Attributes(ctx, "key")
		cancel()
		assert.ErrorIs(t, err, objectstore.Unreachable, provider)
	}
}

// The account of the options counts before that of the credentials, and the environment's without any.
func TestTheStorageAccountOfAzure(t *testing.T) {
	withKey, empty := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(withKey, fileAzureAccount), []byte("secret"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(withKey, fileAzureKey), []byte("a2V5"), 0o600))
	t.Setenv(fileAzureAccount, "environment")
	for options, expected := range map[objectstore.Options]string{
		{Account: "given", Credentials: withKey}: "given",
		{Credentials: withKey}:                   "secret",
		{Account: "given"}:                       "given",
		{}:                                       "environment",
		{Credentials: empty}:                     "",
	} {
		options.Provider, options.Bucket = objectstore.Azure, "barq"
		who, err := readIdentity(options)
		require.NoError(t, err)
		account, err := accountAzure(options, who)
		assert.Equal(t, expected, account, "%+v", options)
		assert.Equal(t, expected == "", errors.Is(err, objectstore.CredentialsMissing))
	}
}

// pattern is a content of any size that takes no memory.
type pattern struct{}

func (pattern) ReadAt(p []byte, offset int64) (int, error) {
	for i := range p {
		p[i] = byte((offset + int64(i)) >> 16)
	}
	return len(p), nil
}

// peak returns how much more memory there was in use while something was done.
func peak(do func()) uint64 {
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	most, stop := before.HeapInuse, make(chan struct{})
	var sampling sync.WaitGroup
	sampling.Go(func() {
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapInuse)
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	do()
	close(stop)
	sampling.Wait()
	return most - before.HeapInuse
}

// An upload needs few parts in memory, and asks a store that is not Amazon's for no checksums.
func TestALargeUploadInBoundedMemory(t *testing.T) {
	const size = 512 << 20
	var stored, sent atomic.Int64
	backend := answering(t, objectstore.S3, func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			assert.NotContains(t, strings.ToLower(name), "checksum")
		}
		n, _ := io.Copy(io.Discard, r.Body)
		switch {
		case r.URL.Query().Has("uploads"):
			fmt.Fprint(w, "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
		case r.Method == http.MethodPut:
			sent.Add(n)
			w.Header().Set("ETag", `"part"`)
		default:
			assert.Equal(t, "*", r.Header.Get("If-None-Match"))
			stored.Store(sent.Load())
			fmt.Fprint(w, "<CompleteMultipartUploadResult><ETag>1</ETag></CompleteMultipartUploadResult>")
		}
	})
	most := peak(func() {
		require.NoError(t, store(t.Context(), backend, io.NewSectionReader(pattern{}, 0, size)))
	})
	assert.Equal(t, int64(size), stored.Load())
	t.Logf("%d MiB at most", most>>20)
	assert.Less(t, most, uint64(64<<20))
}

// An object as large as the agent's is sent in one request: from where it is to S3, and to the others from one copy.
func TestAnUploadInOneRequest(t *testing.T) {
	const size = 8 << 20
	for provider, bound := range map[objectstore.Provider]uint64{objectstore.S3: 4 << 20, objectstore.Azure: 12 << 20} {
		var requests, sent atomic.Int64
		backend := answering(t, provider, func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "*", r.Header.Get("If-None-Match"))
			for name := range r.Header {
				assert.NotContains(t, strings.ToLower(name), "checksum")
			}
			requests.Add(1)
			n, _ := io.Copy(io.Discard, r.Body)
			sent.Add(n)
			w.WriteHeader(http.StatusCreated)
		})
		most := peak(func() {
			require.NoError(t, store(t.Context(), backend, io.NewSectionReader(pattern{}, 0, size)))
		})
		assert.Equal(t, int64(1), requests.Load(), provider)
		assert.Equal(t, int64(size), sent.Load(), provider)
		t.Logf("%s: %d KiB at most", provider, most>>10)
		assert.Less(t, most, bound, provider)
	}
}

// Each request that begins an object asks for the encryption, be the object sent in one request or in several.
func TestAnEncryptionIsAskedFor(t *testing.T) {
	const key = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1"
	for _, size := range []int64{1 << 10, oneRequest + 1} {
		var begun []http.Header
		backend := answering(t, objectstore.S3, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if r.URL.Query().Has("uploads") || !r.URL.Query().Has("uploadId") {
				begun = append(begun, r.Header)
			}
			w.Header().Set("ETag", `"part"`)
			if r.Method == http.MethodPost {
				fmt.Fprint(w, "<Result><UploadId>1</UploadId><ETag>1</ETag></Result>")
			}
		})
		backend.(*bucket).options.Encryption, backend.(*bucket).options.KMSKey = objectstore.KMS, key
		require.NoError(t, store(t.Context(), backend, io.NewSectionReader(pattern{}, 0, size)))
		require.Len(t, begun, 1, "%d bytes", size)
		assert.Equal(t, "aws:kms", begun[0].Get("X-Amz-Server-Side-Encryption"), "%d bytes", size)
		assert.Equal(t, key, begun[0].Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"), "%d bytes", size)
	}
	_, err := New(objectstore.Options{Provider: objectstore.GCS, Bucket: "barq", Encryption: objectstore.AES256})
	require.EqualError(t, err, "a store of gcs cannot be asked for an encryption; set it for the bucket")
}

// A content that ends with an error leaves nothing, and the error is the content's.
func TestAContentThatFails(t *testing.T) {
	broken := errors.New("the disk is broken")
	backend := answering(t, objectstore.S3, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			assert.Fail(t, "the server took a content as whole")
		}
		w.WriteHeader(http.StatusOK)
	})
	err := backend.Create(t.Context(), objectstore.Object{Attributes: objectstore.Attributes{Key: "key", Size: 100}}, &failing{bytes.NewReader(make([]byte, 100)), broken})
	require.ErrorIs(t, err, broken)
}

// failing fails at the end of its content.
type failing struct {
	*bytes.Reader

	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = f.err
	}
	return n, err
}
