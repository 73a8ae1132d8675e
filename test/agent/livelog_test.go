//go:build linux

package agent

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// insertUntil inserts documents until the context ends, and returns the ids that were acknowledged.
func (a *agent) insertUntil(ctx context.Context, count int, from uint64) []client.ID {
	var all []client.ID
	var lock sync.Mutex
	var group sync.WaitGroup
	for writer := range uint64(count) {
		group.Go(func() {
			for number := from + writer; ctx.Err() == nil; number += uint64(count) {
				id := client.Number(number)
				// Not with the context: a request that is given up may have been done.
				err := a.Insert(context.Background(), "things", client.Document{
					ID: id, Vector: []float32{1, 2}, Payload: map[string]any{"n": strings.Repeat("x", 100)},
				})
				if err != nil {
					return
				}
				lock.Lock()
				all = append(all, id)
				lock.Unlock()
			}
		})
	}
	group.Wait()
	return all
}

// segmentsOfThings matches the segments of the collection below a data directory.
const segmentsOfThings = "tenants/default/collections/things/segments/*"

func segments(t *testing.T, data string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(data, segmentsOfThings))
	require.NoError(t, err)
	return found
}

// recorded returns how often the log has each line.
func recorded(t *testing.T, data string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	logs, err := filepath.Glob(filepath.Join(data, logOfThings))
	require.NoError(t, err)
	for _, file := range append(segments(t, data), logs...) {
		for _, line := range splitLines(content(t, file)) {
			counts[line]++
		}
	}
	return counts
}

func TestNoWriteIsLostWhileLogsAreMoved(t *testing.T) {
	flags := []string{"--rotate-size", "20000", "--sync-interval", "20ms"}
	a := serve(t, how{flags: flags})
	a.fill(0)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		defer cancel()
		// A slow disk has few segments by then.
		for began, moved := time.Now(), 0; (time.Since(began) < 3*time.Second || moved <= 5) && ctx.Err() == nil; time.Sleep(moment) {
			found, err := filepath.Glob(filepath.Join(a.data, segmentsOfThings))
			assert.NoError(t, err)
			moved = len(found)
		}
	}()
	acknowledged := a.insertUntil(ctx, writers, 1)
	a.stop()
	moved := len(segments(t, a.data))
	t.Logf("%d documents, %d segments", len(acknowledged), moved)
	require.Greater(t, moved, 5)
	for line, count := range recorded(t, a.data) {
		require.Equal(t, 1, count, line)
	}

	again := serve(t, how{data: a.data, flags: flags})
	missing, err := again.Missing(t.Context(), "things", acknowledged...)
	require.NoError(t, err)
	require.Empty(t, missing)
	again.stop()
}

// A client can have the server ask for keys until its restart. The agent has none, so it syncs the log and waits with all else.
func TestAServerThatAsksForAKey(t *testing.T) {
	folder, address, authority := t.TempDir(), ownAddress(), newAuthority(t)
	issue(t, folder, authority)
	flags := []string{"--rotate-size", "1", "--sync-interval", "50ms", "--api-address", agentAt(address), "--api-certificates", folder}
	first := launch(t, how{flags: flags})
	// The server asks for keys before the agent has asked it anything.
	first.server()
	first.signal(syscall.SIGSTOP)
	first.eventually("the server answers", func() bool { return first.Health(t.Context()) == nil })
	first.fill(1)
	require.NoError(t, first.RegisterKey(t.Context(), "default", "key", client.RoleAdmin))
	first.signal(syscall.SIGCONT)
	log := func() v1.Log {
		status, err := ask(address, authority, uid)
		require.NoError(t, err)
		return status.Log
	}
	first.eventually("the log is not looked after", func() bool { return log().Problem != "" })
	require.Contains(t, log().Problem, "is not sealed: the server answered 401 to ")
	first.Client = first.WithKey("key")
	first.insert(2)
	time.Sleep(200 * time.Millisecond)
	first.eventually("all is synced", func() bool { return log().OldestUnsynced == nil })
	require.Len(t, recorded(t, first.data), 2)
	require.Len(t, segments(t, first.data), 1, "the next log waits for the segment to be sealed")
	first.eventually("the documents are not counted", func() bool { return len(first.lines("the amount of data is not known")) > 0 })
	first.stop()

	second := serve(t, how{data: first.data, flags: flags})
	second.requireDocuments(2)
	second.eventually("the log becomes a segment", func() bool { return len(segments(t, first.data)) == 2 })
	require.Empty(t, log().Problem)
	second.stop()
}

// Where a client makes the collection that the fence asks for, the fence holds too.
func TestTheCollectionOfTheFenceMayBeThere(t *testing.T) {
	a := serve(t, how{flags: []string{"--rotate-size", "1", "--sync-interval", "50ms"}})
	require.NoError(t, a.CreateCollection(t.Context(), client.Collection{Name: "absent", Dimension: 2, Metric: client.L2}))
	a.fill(1)
	a.eventually("the log becomes a segment", func() bool { return len(a.lines("a log has become a segment")) == 1 })
	a.insert(2)
	a.eventually("the next log becomes a segment", func() bool { return len(a.lines("a log has become a segment")) == 2 })
	require.Empty(t, a.lines("the logs are not looked after"))
	a.stop()
}
