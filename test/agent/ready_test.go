//go:build linux

package agent

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	healthrpc "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

const (
	readyBody = `{"ready":true}`
	busyBody  = `{"error":"the database does not get to a call in time: it rebuilds an index, or has too much to do. Ask again in a moment"}`
)

// requireReady asks whether the server is ready, over HTTP and, where the agent answers it, over gRPC.
func (a *agent) requireReady(ready bool) {
	a.t.Helper()
	state := healthrpc.HealthCheckResponse_SERVING
	if !ready {
		state = healthrpc.HealthCheckResponse_NOT_SERVING
	}
	var asking sync.WaitGroup
	for _, service := range []string{"", "barq.Barq"} {
		asking.Go(func() {
			answer, err := healthrpc.NewHealthClient(callerOf(a.t, a.calls)).Check(context.Background(), &healthrpc.HealthCheckRequest{Service: service})
			require.NoError(a.t, err)
			require.Equal(a.t, state, answer.GetStatus(), service)
		})
	}
	answer := a.send(asked{method: http.MethodGet, path: "/ready"})
	if ready {
		require.Equal(a.t, http.StatusOK, answer.Status, answer.Body)
		require.JSONEq(a.t, readyBody, answer.Body)
	} else {
		require.Equal(a.t, http.StatusServiceUnavailable, answer.Status, answer.Body)
		require.JSONEq(a.t, busyBody, answer.Body)
		require.Equal(a.t, "2", answer.Header.Get("Retry-After"))
	}
	head := a.send(asked{method: http.MethodHead, path: "/ready"})
	require.Equal(a.t, answer.Status, head.Status)
	asking.Wait()
}

// A server whose lock is held is alive and not ready. Here a write holds it, because its log does not take it.
func TestAServerWhoseLockIsHeldIsNotReady(t *testing.T) {
	// What is synced is opened, which would let the write go on.
	a := serve(t, how{door: true, rpc: freePort(t), flags: []string{"--sync-interval", "0s"}})
	a.fill(1)
	a.requireReady(true)
	log := filepath.Join(a.data, logOfThings)
	kept := log + ".kept"
	require.NoError(t, os.Rename(log, kept))
	require.NoError(t, syscall.Mkfifo(log, 0o600))
	written := make(chan error, 1)
	go func() {
		written <- a.straight.Insert(context.Background(), "things", client.Document{ID: client.Number(2), Vector: []float32{1, 2}})
	}()
	a.eventually("the write has the lock", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := a.straight.Get(ctx, "things", client.Number(1))
		return err != nil
	})
	require.NoError(t, a.Health(t.Context()), "it is live")
	a.requireReady(false)
	require.NoError(t, a.Health(t.Context()), "it is live")
	// The server is asked once at a time, so what asked in vain does not stand in the way of the writes.
	pipe, err := os.Open(log)
	require.NoError(t, err)
	require.NoError(t, os.Rename(kept, log))
	_, err = io.Copy(io.Discard, pipe)
	require.NoError(t, err)
	require.NoError(t, pipe.Close())
	require.NoError(t, <-written)
	a.requireReady(true)
	require.Equal(t, http.StatusNotFound, a.send(asked{method: http.MethodPost, path: "/ready"}).Status, "another method goes to the server, which has no such path")
	a.stop()
}

// So it is while an index is rebuilt, and the pod is ready again afterwards.
func TestAServerThatRebuildsAnIndexIsNotReady(t *testing.T) {
	if isStandIn {
		t.Skip("the stand-in builds no index")
	}
	t.Setenv("RUST_LOG", "warn")
	a := serve(t, how{door: true, rpc: freePort(t), flags: []string{"--allow-unsound-indexes"}})
	// An index of the kind Hnsw takes the square of it.
	a.fill(12000)
	require.Equal(t, http.StatusAccepted, a.send(asked{
		method: http.MethodPost, path: "/collections/things/index/rebuild", mediaType: jsonType,
		body: `{"index":{"Hnsw":{"m":16,"ef_construction":64,"ef_search":64}}}`,
	}).Status)
	began := time.Now()
	// It is answered before it begins.
	a.eventually("it is not ready", func() bool { return a.send(asked{method: http.MethodGet, path: "/ready"}).Status != http.StatusOK })
	require.NoError(t, a.Health(t.Context()))
	a.eventually("it is ready", func() bool { return a.send(asked{method: http.MethodGet, path: "/ready"}).Status == http.StatusOK })
	t.Logf("it was ready %s after the rebuild began", time.Since(began))
	a.requireReady(true)
	a.stop()
}

// Until the server serves it is not ready, and is told apart from one that is busy.
func TestAServerThatDoesNotServeIsNotReady(t *testing.T) {
	a := launch(t, how{door: true, command: []string{"sleep", "60"}})
	var answer client.Answer
	a.eventually("the door is open", func() bool {
		var err error
		answer, err = a.Send(t.Context(), http.MethodGet, "/ready", "", "")
		return err == nil
	})
	require.Equal(t, http.StatusServiceUnavailable, answer.Status)
	require.JSONEq(t, `{"error":"the database does not answer: it reads its log, or ends. Ask again in a moment"}`, answer.Body)
	a.server()
	a.signal(syscall.SIGTERM)
	a.code()
}
