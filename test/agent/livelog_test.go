//go:build linux

package agent

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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

func segments(t *testing.T, data string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(data, "tenants/default/collections/things/segments/*"))
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
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
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
