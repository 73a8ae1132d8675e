package objectstore_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/internal/objectstore/folder"
)

// faulty is a backend that fails as a test says.
type faulty struct {
	objectstore.Backend

	created func(error) error
	opened  func(io.ReadCloser) io.ReadCloser
	replace bool
	// silent: nothing is created, and no answer comes.
	silent bool
	calls  int
}

func (f *faulty) Create(ctx context.Context, object objectstore.Object, content io.ReadSeeker) error {
	f.calls++
	if f.silent {
		return objectstore.Because(objectstore.Unreachable, io.ErrUnexpectedEOF)
	}
	if f.replace {
		_ = f.Delete(ctx, object.Key)
	}
	err := f.Backend.Create(ctx, object, content)
	if f.created != nil {
		return f.created(err)
	}
	return err
}

func (f *faulty) Read(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	f.calls++
	reader, err := f.Backend.Read(ctx, key, offset, length)
	if err == nil && f.opened != nil {
		return f.opened(reader), nil
	}
	return reader, err
}

// around hands a store of a folder with faults to a test, in which time passes at once.
func around(t *testing.T, f *faulty, test func(*testing.T, objectstore.Store)) {
	t.Helper()
	f.Backend = folder.New(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		s, err := objectstore.New(f, objectstore.Options{})
		require.NoError(t, err)
		test(t, s)
	})
}

func create(t *testing.T, s objectstore.Store, content string) {
	t.Helper()
	require.NoError(t, s.Create(t.Context(), "key", strings.NewReader(content)))
}

// A server that refuses before it has read a content may end the connection before its answer arrives, each time.
func TestARefusalThatIsNeverHeard(t *testing.T) {
	f := &faulty{}
	around(t, f, func(t *testing.T, s objectstore.Store) {
		create(t, s, "content")
		f.created = func(error) error { return objectstore.Because(objectstore.Unreachable, io.ErrUnexpectedEOF) }
		err := s.Create(t.Context(), "key", strings.NewReader("another"))
		require.ErrorIs(t, err, objectstore.Exists)
		// What an attempt has created though no answer came is created.
		require.NoError(t, s.Create(t.Context(), "other", strings.NewReader("content")))
		object, err := s.Attributes(t.Context(), "other")
		require.NoError(t, err)
		assert.Equal(t, int64(7), object.Size)
	})
}

func TestALostAnswerIsNoObjectOfOthers(t *testing.T) {
	lost := false
	f := &faulty{created: func(err error) error {
		if !lost && err == nil {
			lost = true
			return objectstore.Because(objectstore.Unreachable, io.ErrUnexpectedEOF)
		}
		return err
	}}
	around(t, f, func(t *testing.T, s objectstore.Store) {
		create(t, s, "content")
		assert.True(t, lost)
		err := s.Create(t.Context(), "key", strings.NewReader("content"))
		require.ErrorIs(t, err, objectstore.Exists)
	})
}

func TestAStoreThatIgnoresTheCondition(t *testing.T) {
	around(t, &faulty{replace: true}, func(t *testing.T, s objectstore.Store) {
		require.ErrorIs(t, objectstore.Probe(t.Context(), s, "probe"), objectstore.ConditionalWritesUnsupported)
	})
}

func TestAReadGoesOnWhereItWasCut(t *testing.T) {
	f := &faulty{}
	around(t, f, func(t *testing.T, s objectstore.Store) {
		create(t, s, "0123456789")
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
	})
}

type errorReader struct{ err error }

func (e errorReader) Read([]byte) (int, error) { return 0, e.err }

func TestAWriterThatFailsIsNotTriedAgain(t *testing.T) {
	f := &faulty{}
	around(t, f, func(t *testing.T, s objectstore.Store) {
		create(t, s, "0123456789")
		f.calls = 0
		full := errors.New("the disk is full")
		_, err := s.Read(t.Context(), "key", errorWriter{full})
		require.ErrorIs(t, err, full)
		assert.Equal(t, 1, f.calls)
	})
}

type errorWriter struct{ err error }

func (e errorWriter) Write([]byte) (int, error) { return 0, e.err }

func TestRetriesEnd(t *testing.T) {
	f := &faulty{silent: true}
	around(t, f, func(t *testing.T, s objectstore.Store) {
		started := time.Now()
		err := s.Create(t.Context(), "key", strings.NewReader("content"))
		require.ErrorIs(t, err, objectstore.Unreachable)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, 5, f.calls)
		assert.Less(t, time.Since(started), 3*time.Second)
	})
}

func TestAnObjectOfOthersHasNoSum(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "strange"), []byte(strings.Repeat("x", 500)), 0o600))
	s, err := objectstore.New(folder.New(root), objectstore.Options{})
	require.NoError(t, err)
	_, err = s.Read(t.Context(), "strange", io.Discard)
	require.ErrorIs(t, err, objectstore.Corrupt)
}
