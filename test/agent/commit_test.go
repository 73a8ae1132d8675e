//go:build linux

package agent

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// serveCommitting starts an agent that answers a write once it is on the disk, with the collection things. Its passes sync nothing.
func serveCommitting(t *testing.T, flags ...string) *agent {
	t.Helper()
	a := serve(t, how{door: true, rpc: freePort(t), flags: append([]string{"--commit", "--sync-interval", "0s"}, flags...)})
	a.fill(1)
	a.eventually("the server serves", func() bool { return len(a.lines("the server serves")) == 1 })
	return a
}

// writes are requests for the collection things that change files, over HTTP and gRPC. Each is made once.
func (a *agent) writes(db caller) map[string]func() error {
	ctx := a.t.Context()
	failed := func(answer said) error {
		if answer.Code != codes.OK {
			return fmt.Errorf("%s: %s", answer.Code, answer.Message)
		}
		return nil
	}
	return map[string]func() error{
		"insert": func() error {
			return a.Insert(ctx, "things", client.Document{ID: client.Number(10), Vector: []float32{1, 0}})
		},
		"drop":   func() error { return a.DeleteCollection(ctx, "dropped") },
		"delete": func() error { return a.Delete(ctx, "things", client.Number(1)) },
		"create": func() error {
			return a.CreateCollection(ctx, client.Collection{Name: "others", Dimension: 2, Metric: client.L2})
		},
		"rebuild": func() error { return a.rebuild("things") },
		"insert over gRPC": func() error {
			return failed(db.call(ctx, insert("things", "11", "null", 1, 0)))
		},
		"create over gRPC": func() error { return failed(db.call(ctx, create("more", 2, "L2"))) },
	}
}

// rebuild has the server make the index of a collection anew, which changes its schema.
func (a *agent) rebuild(collection string) error {
	answer := a.send(asked{method: http.MethodPost, path: "/collections/" + collection + "/index/rebuild", mediaType: jsonType, body: `{"index":"Flat"}`})
	if answer.Status >= http.StatusMultipleChoices {
		return fmt.Errorf("%d: %s", answer.Status, answer.Body)
	}
	return nil
}

// No write is answered while the disk has not taken it.
func TestAWriteIsAnsweredOnceItIsOnTheDisk(t *testing.T) {
	a := serveCommitting(t)
	require.NoError(t, a.CreateCollection(t.Context(), client.Collection{Name: "dropped", Dimension: 2, Metric: client.L2}))
	const delay = 200 * time.Millisecond
	calls, stop := a.trace("-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:delay_enter=200000")
	defer stop()
	for name, write := range a.writes(callerOf(t, a.calls)) {
		before := strings.Count(content(t, calls), "(DELAYED)")
		began := time.Now()
		require.NoError(t, write(), name)
		require.GreaterOrEqual(t, time.Since(began), delay, name)
		require.Greater(t, strings.Count(content(t, calls), "(DELAYED)"), before, name)
	}
	// Reads do not wait. A busy machine can hold up one, and not all.
	quickest := time.Hour
	for range 10 {
		began := time.Now()
		_, err := a.Search(t.Context(), "things", []float32{1, 0}, 10)
		require.NoError(t, err)
		quickest = min(quickest, time.Since(began))
	}
	require.Less(t, quickest, delay)
}

// Writes that come during a sync share the next one.
func TestWritesShareASync(t *testing.T) {
	a := serveCommitting(t)
	calls, stop := a.trace("-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=500000")
	defer stop()
	const clients, each = 32, 4
	var group sync.WaitGroup
	for number := range clients {
		group.Go(func() {
			for round := range each {
				assert.NoError(t, a.Insert(t.Context(), "things", client.Document{ID: client.Number(uint64(100 + number*each + round)), Vector: []float32{1, 0}}))
			}
		})
	}
	group.Wait()
	syncs := strings.Count(content(t, calls), "(DELAYED)")
	t.Logf("%d writes, %d syncs", clients*each, syncs)
	require.GreaterOrEqual(t, syncs, each)
	require.LessOrEqual(t, syncs, 4*each)
}

// A write whose sync failed is not answered with success, nor is any later one, until the agent has written the log anew: the
// kernel takes what it could not write for written.
func TestAWriteWhoseSyncFailsFails(t *testing.T) {
	a := serveCommitting(t)
	before := inodeOf(t, a.logOf("things"))
	_, stop := a.trace("-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO")
	answer := a.sendInsert(2)
	require.Equal(t, http.StatusInternalServerError, answer.Status)
	require.Contains(t, answer.Body, "may be gone after a crash of the node")
	require.Contains(t, answer.Body, "input/output error")
	refused := 0
	for number := range 20 {
		answer := a.sendInsert(3 + number)
		require.Equal(t, http.StatusInternalServerError, answer.Status)
		if strings.Contains(answer.Body, "the write was not made") {
			refused++
		}
	}
	require.Positive(t, refused)
	stop()
	a.eventually("the log is written anew", func() bool { return a.sendInsert(100).Status < http.StatusMultipleChoices })
	segments, err := filepath.Glob(filepath.Join(a.data, datadir.Collection{Tenant: "default", Name: "things"}.Segments(), "*"))
	require.NoError(t, err)
	require.NotEmpty(t, segments)
	require.NotEqual(t, before, inodeOf(t, segments[0]), "the file that the disk did not take is not used any more")
	a.requireThere([]client.ID{client.Number(1), client.Number(2)})
	a.stop()
}

// sendInsert inserts a document of things.
func (a *agent) sendInsert(number int) client.Answer {
	return a.send(asked{
		method: http.MethodPost, path: documents, mediaType: jsonType, body: fmt.Sprintf(`{"id":%d,"vector":[1,0]}`, number),
	})
}

// logOf is the log of a collection.
func (a *agent) logOf(collection string) string {
	return filepath.Join(a.data, datadir.Collection{Tenant: "default", Name: collection}.Log())
}

func inodeOf(t *testing.T, file string) uint64 {
	t.Helper()
	var about syscall.Stat_t
	require.NoError(t, syscall.Stat(file, &about))
	return about.Ino
}
