package objectservers

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/internal/objectstore/stores"
)

const root = "../.."

// bad is a store that is reached through a proxy, and the same one without.
type bad struct {
	*Proxy

	bucket        string
	store, direct objectstore.Store
}

// Each fault is what it says with the server of each provider, and is gone when it is turned off.
func TestProxy(t *testing.T) {
	for provider := range kinds {
		t.Run(string(provider), func(t *testing.T) {
			t.Parallel()
			server := ForTest(t, root, provider)
			for name, test := range map[string]func(*testing.T, *bad){
				"without-faults": withoutFaults, "refusals": refusals, "storms": storms, "lost-answers": lostAnswers, "cuts": cuts,
				"slow-links": slowLinks, "ignored-conditions": ignoredConditions, "clocks": clocks, "black-hole": blackHole,
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					require.NoError(t, server.CreateBucket(t.Context(), name))
					proxy, err := server.Proxy("127.0.0.1:0")
					require.NoError(t, err)
					t.Cleanup(func() { require.NoError(t, proxy.Close()) })
					direct, err := stores.Open(server.Options(name))
					require.NoError(t, err)
					b := &bad{Proxy: proxy, bucket: name, direct: direct}
					b.store = b.within(t, time.Minute)
					test(t, b)
				})
			}
		})
	}
}

// within is the store by way of the proxy, with a time for each attempt.
func (b *bad) within(t *testing.T, timeout time.Duration) objectstore.Store {
	t.Helper()
	options := b.Proxy.Options(b.bucket)
	options.Timeout = timeout
	store, err := stores.Open(options)
	require.NoError(t, err)
	return store
}

func create(ctx context.Context, store objectstore.Store, key string, size int) error {
	return store.Create(ctx, key, bytes.NewReader(make([]byte, size)))
}

func withoutFaults(t *testing.T, b *bad) {
	const size = 1 << 20
	require.NoError(t, create(t.Context(), b.store, "a/key", size))
	require.ErrorIs(t, create(t.Context(), b.store, "a/key", size), objectstore.Exists)
	// More than one request has: the server says where the upload goes on.
	require.NoError(t, create(t.Context(), b.store, "large", 17*size))
	b.ResetCounts()
	require.NoError(t, create(t.Context(), b.store, "b", size))
	_, err := b.store.Read(t.Context(), "b", io.Discard)
	require.NoError(t, err)
	_, err = b.store.List(t.Context(), "", "", 10)
	require.NoError(t, err)
	require.NoError(t, b.store.Delete(t.Context(), "b"))

	counts := b.Counts()
	expected := map[Operation]int{Create: 1, Attributes: 1, Read: 1, List: 1, Delete: 1}
	assert.Equal(t, expected, counts.Requests)
	assert.Equal(t, 5, counts.All())
	assert.InDelta(t, size, counts.Sent, 2000)
	assert.InDelta(t, size, counts.Received, 8000)
}

func refusals(t *testing.T, b *bad) {
	require.NoError(t, create(t.Context(), b.store, "key", 10))
	for _, reason := range []objectstore.Reason{objectstore.AccessDenied, objectstore.CredentialsRejected} {
		b.Set(Faults{Refused: reason})
		require.ErrorIs(t, objectstore.Probe(t.Context(), b.store, "probe"), reason)
		_, err := b.store.Read(t.Context(), "key", io.Discard)
		require.ErrorIs(t, err, reason)
		require.ErrorIs(t, create(t.Context(), b.store, "other", 10), reason)
		require.ErrorIs(t, b.store.Delete(t.Context(), "key"), reason)
	}
	b.Set(Faults{Refused: objectstore.BucketMissing})
	require.ErrorIs(t, create(t.Context(), b.store, "other", 10), objectstore.BucketMissing)
	if b.server.Provider == objectstore.S3 {
		b.Set(Faults{Refused: objectstore.ConditionalWritesUnsupported})
		require.ErrorIs(t, create(t.Context(), b.store, "other", 10), objectstore.ConditionalWritesUnsupported)
	}
	b.Set(Faults{Refused: objectstore.AccessDenied, Only: []Operation{Delete}})
	require.NoError(t, create(t.Context(), b.store, "other", 10))
	require.ErrorIs(t, b.store.Delete(t.Context(), "other"), objectstore.AccessDenied)
	b.Set(Faults{})
	require.NoError(t, b.store.Delete(t.Context(), "other"))
}

func storms(t *testing.T, b *bad) {
	b.Set(Faults{Busy: 0.3})
	for i := range 10 {
		require.NoError(t, create(t.Context(), b.store, fmt.Sprint("key", i), 10))
	}
	assert.Greater(t, b.Counts().Requests[Create], 10)
	b.Set(Faults{Busy: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	require.Error(t, create(ctx, b.store, "never", 10))
	_, err := b.direct.Attributes(t.Context(), "never")
	require.ErrorIs(t, err, objectstore.NotFound)
}

// What the server has done and the client not heard is the client's own object.
func lostAnswers(t *testing.T, b *bad) {
	b.Set(Faults{Lost: 0.3, Only: []Operation{Create}})
	for i := range 5 {
		require.NoError(t, create(t.Context(), b.store, fmt.Sprint("key", i), 10))
	}
	b.Set(Faults{Lost: 1, Only: []Operation{Create}})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_ = create(ctx, b.store, "done", 10)
	_, err := b.direct.Attributes(t.Context(), "done")
	require.NoError(t, err)
}

func cuts(t *testing.T, b *bad) {
	const size = 300_000
	b.Set(Faults{CutUploads: 100_000})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	require.Error(t, create(ctx, b.store, "cut", size))
	_, err := b.direct.Attributes(t.Context(), "cut")
	require.ErrorIs(t, err, objectstore.NotFound)
	require.NoError(t, create(t.Context(), b.store, "short", 90_000))

	require.NoError(t, create(t.Context(), b.direct, "whole", size))
	b.Set(Faults{CutDownloads: 100_000})
	b.ResetCounts()
	_, err = b.store.Read(t.Context(), "whole", io.Discard)
	require.NoError(t, err, "a read goes on where it was cut")
	assert.Greater(t, b.Counts().Requests[Read], 2)
}

func slowLinks(t *testing.T, b *bad) {
	const size = 400_000
	b.Set(Faults{BytesPerSecond: 800_000})
	started := time.Now()
	require.NoError(t, create(t.Context(), b.store, "key", size))
	assert.Greater(t, time.Since(started), 400*time.Millisecond)
	started = time.Now()
	_, err := b.store.Read(t.Context(), "key", io.Discard)
	require.NoError(t, err)
	assert.Greater(t, time.Since(started), 400*time.Millisecond)

	b.Set(Faults{BytesPerSecond: 1000})
	done := make(chan error)
	go func() { done <- create(t.Context(), b.store, "quick", size) }()
	time.Sleep(200 * time.Millisecond)
	b.Set(Faults{})
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		require.Fail(t, "the link is slow still")
	}
}

func ignoredConditions(t *testing.T, b *bad) {
	err := b.store.Create(t.Context(), "key", strings.NewReader("first"))
	require.NoError(t, err)
	b.Set(Faults{IgnoresConditions: true})
	err = b.store.Create(t.Context(), "key", strings.NewReader("second"))
	require.NoError(t, err)
	var read bytes.Buffer
	_, err = b.direct.Read(t.Context(), "key", &read)
	require.NoError(t, err)
	assert.Equal(t, "second", read.String())
	require.ErrorIs(t, objectstore.Probe(t.Context(), b.store, "probe"), objectstore.ConditionalWritesUnsupported)
	b.Set(Faults{})
	require.NoError(t, objectstore.Probe(t.Context(), b.store, "probe"))
}

func clocks(t *testing.T, b *bad) {
	for _, off := range []time.Duration{time.Hour, -time.Hour} {
		b.Set(Faults{Clock: off})
		require.ErrorIs(t, objectstore.Probe(t.Context(), b.store, "probe"), objectstore.ClockSkewed)
		_, err := b.store.Attributes(t.Context(), "key")
		require.ErrorIs(t, err, objectstore.ClockSkewed)
	}
	b.Set(Faults{Clock: 5 * time.Minute})
	require.NoError(t, objectstore.Probe(t.Context(), b.store, "probe"))
	answered, err := http.Head(b.URL())
	require.NoError(t, err)
	require.NoError(t, answered.Body.Close())
	date, err := http.ParseTime(answered.Header.Get("Date"))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(5*time.Minute), date, time.Minute)
}

func blackHole(t *testing.T, b *bad) {
	b.Set(Faults{BlackHole: true})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, create(ctx, b.store, "key", 10), context.DeadlineExceeded)
	hasty := b.within(t, 50*time.Millisecond)
	_, err := hasty.Attributes(t.Context(), "key")
	require.ErrorIs(t, err, objectstore.Unreachable)

	b.Set(Faults{})
	require.NoError(t, objectstore.Probe(t.Context(), b.store, "probe"))
	_, err = b.direct.Attributes(t.Context(), "key")
	require.ErrorIs(t, err, objectstore.NotFound, "what was sent into the hole came out of it")

	// What is on its way waits until the hole is gone.
	b.Set(Faults{BytesPerSecond: 200_000})
	done := make(chan error, 1)
	go func() { done <- create(t.Context(), b.store, "waiting", 100_000) }()
	require.Eventually(t, func() bool { return b.Counts().Sent > 30_000 }, 10*time.Second, time.Millisecond)
	b.Set(Faults{BlackHole: true})
	select {
	case err := <-done:
		require.Fail(t, "it passed a black hole", err)
	case <-time.After(700 * time.Millisecond):
	}
	b.Set(Faults{})
	require.NoError(t, <-done)
}
