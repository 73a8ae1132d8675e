package objectstore

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
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// faulty is a backend that fails as a test says.
type faulty struct {
	backend

	created func(error) error
	opened  func(io.ReadCloser) io.ReadCloser
	replace bool
	calls   int
}

func (f *faulty) create(ctx context.Context, object Attributes, content io.Reader) error {
	f.calls++
	if f.replace {
		_ = f.backend.remove(ctx, object.Key)
	}
	err := f.backend.create(ctx, object, content)
	if f.created != nil {
		return f.created(err)
	}
	return err
}

func (f *faulty) read(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	f.calls++
	reader, err := f.backend.read(ctx, key, offset, length)
	if err == nil && f.opened != nil {
		return f.opened(reader), nil
	}
	return reader, err
}

// around returns a store of a folder with faults, whose retries do not wait.
func around(t *testing.T, f *faulty) *store {
	t.Helper()
	f.backend = folder{root: t.TempDir()}
	return &store{backend: f, timeout: time.Minute, pause: func(context.Context, int) {}}
}

func TestALostAnswerIsNoObjectOfOthers(t *testing.T) {
	lost := false
	s := around(t, &faulty{created: func(err error) error {
		if !lost && err == nil {
			lost = true
			return failure(Unreachable, io.ErrUnexpectedEOF)
		}
		return err
	}})
	create(t, s, "key", "content")
	assert.True(t, lost)
	_, err := s.Create(t.Context(), "key", strings.NewReader("content"))
	require.ErrorIs(t, err, Exists)
}

func TestAStoreThatIgnoresTheCondition(t *testing.T) {
	s := around(t, &faulty{replace: true})
	require.ErrorIs(t, Probe(t.Context(), s, "probe"), ConditionalWritesUnsupported)
}

func TestAReadGoesOnWhereItWasCut(t *testing.T) {
	f := &faulty{}
	s := around(t, f)
	create(t, s, "key", "0123456789")
	f.calls = 0
	f.opened = func(from io.ReadCloser) io.ReadCloser {
		if f.calls > 3 {
			return from
		}
		cut := io.MultiReader(io.LimitReader(from, 3), errorReader{io.ErrUnexpectedEOF})
		return struct {
			io.Reader
			io.Closer
		}{cut, from}
	}
	var read bytes.Buffer
	_, err := s.Read(t.Context(), "key", &read)
	require.NoError(t, err)
	assert.Equal(t, "0123456789", read.String())
	assert.Equal(t, 4, f.calls)
}

type errorReader struct{ err error }

func (e errorReader) Read([]byte) (int, error) { return 0, e.err }

func TestAWriterThatFailsIsNotTriedAgain(t *testing.T) {
	f := &faulty{}
	s := around(t, f)
	create(t, s, "key", "0123456789")
	f.calls = 0
	full := errors.New("the disk is full")
	_, err := s.Read(t.Context(), "key", errorWriter{full})
	require.ErrorIs(t, err, full)
	assert.Equal(t, 1, f.calls)
}

type errorWriter struct{ err error }

func (e errorWriter) Write([]byte) (int, error) { return 0, e.err }

func TestRetriesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{created: func(error) error { return failure(Unreachable, io.ErrUnexpectedEOF) }}
		s := around(t, f)
		s.pause = pause
		started := time.Now()
		_, err := s.Create(t.Context(), "key", strings.NewReader("content"))
		require.ErrorIs(t, err, Unreachable)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, attempts, f.calls)
		assert.Less(t, time.Since(started), 2*time.Second)
	})
}

// answering is a server of S3 that gives one answer to everything.
func answering(t *testing.T, handle http.HandlerFunc) Store {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	s := opened(t, Options{
		Provider: S3, Bucket: "barq", Region: "us-east-1", Endpoint: server.URL, ForcePathStyle: true,
		Credentials: secret(t, map[string]string{fileS3KeyID: "id", fileS3Secret: "secret"}), Timeout: 2 * time.Second,
	})
	s.(*store).pause = func(context.Context, int) {}
	return s
}

func TestReasonsOfS3(t *testing.T) {
	for code, expected := range map[string]struct {
		status int
		reason Reason
	}{
		"NoSuchBucket":         {http.StatusNotFound, BucketMissing},
		"NotImplemented":       {http.StatusNotImplemented, ConditionalWritesUnsupported},
		"RequestTimeTooSkewed": {http.StatusForbidden, ClockSkewed},
		"InvalidAccessKeyId":   {http.StatusForbidden, AccessDenied},
		"ServiceUnavailable":   {http.StatusServiceUnavailable, Unreachable},
		"SomethingElse":        {http.StatusBadRequest, Unexpected},
	} {
		s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(expected.status)
			fmt.Fprintf(w, "<Error><Code>%s</Code><Message>text</Message></Error>", code)
		})
		_, err := s.Create(t.Context(), "key", strings.NewReader("content"))
		assert.ErrorIs(t, err, expected.reason, code)
	}
}

func TestTheClockByTheDateOfAnAnswer(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusForbidden)
	})
	_, err := s.Attributes(t.Context(), "key")
	require.ErrorIs(t, err, ClockSkewed)
}

func TestAnEndpointThatDoesNotListen(t *testing.T) {
	for provider, files := range map[Provider]map[string]string{
		S3:    {fileS3KeyID: "id", fileS3Secret: "secret"},
		Azure: {fileAzureAccount: "account", fileAzureKey: "a2V5"},
	} {
		s := opened(t, Options{
			Provider: provider, Bucket: "barq", Region: "us-east-1", Endpoint: "http://127.0.0.1:1",
			ForcePathStyle: true, Credentials: secret(t, files), Timeout: 300 * time.Millisecond,
		})
		s.(*store).pause = func(context.Context, int) {}
		_, err := s.Attributes(t.Context(), "key")
		assert.ErrorIs(t, err, Unreachable, provider)
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

// An upload needs few parts in memory, and asks a store that is not Amazon's for no checksums.
func TestALargeUploadInBoundedMemory(t *testing.T) {
	const size = 512 << 20
	var stored, sent atomic.Int64
	var checksums sync.Map
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if strings.Contains(strings.ToLower(name), "checksum") {
				checksums.Store(name, true)
			}
		}
		n, _ := io.Copy(io.Discard, r.Body)
		switch {
		case r.Method == http.MethodHead:
			w.WriteHeader(http.StatusNotFound)
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
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	peak, stop := uint64(0), make(chan struct{})
	var sampling sync.WaitGroup
	sampling.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapInuse)
			}
		}
	})
	_, err := s.Create(t.Context(), "large", io.NewSectionReader(pattern{}, 0, size))
	close(stop)
	sampling.Wait()
	require.ErrorIs(t, err, NotFound, "the server says of the object that it is not there")
	assert.Equal(t, int64(size), stored.Load())
	assert.Less(t, peak, before.HeapInuse+64<<20)
	t.Logf("%d MiB at most", (peak-before.HeapInuse)>>20)
	checksums.Range(func(name, _ any) bool { return assert.Fail(t, "checksum", name) })
}

func TestAnObjectOfOthersHasNoSum(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "strange"), []byte(strings.Repeat("x", 500)), 0o600))
	_, err := opened(t, Options{Provider: Folder, Bucket: root}).Read(t.Context(), "strange", io.Discard)
	require.ErrorIs(t, err, Corrupt)
}

func TestOptionsThatAreRefused(t *testing.T) {
	for _, options := range []Options{
		{Provider: "ftp", Bucket: "b"}, {Provider: S3}, {Provider: S3, Bucket: "b", Prefix: "p"}, {Provider: S3, Bucket: "b", Prefix: "/"},
	} {
		_, err := Open(options)
		assert.Error(t, err, "%+v", options)
	}
}
