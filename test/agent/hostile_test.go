//go:build linux

package agent

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/bench/procfs"
	"github.com/barq-db/barq-operator/test/hostile"
)

// Hostile requests harm nothing: those of others are answered, each as it should be, and the agent takes no more memory afterwards.
func TestHostileRequests(t *testing.T) {
	a := serve(t, how{door: true, rpc: freePort(t), flags: []string{"--commit"}})
	a.fill(100)
	target := hostile.Target{HTTP: strings.TrimPrefix(a.BaseURL, "http://"), RPC: a.calls, Collection: "things"}
	count := 300
	if testing.Short() {
		count = 100
	}
	answered := make(chan int)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { answered <- a.searchRightly(ctx) }()
	require.NoError(t, hostile.Send(t.Context(), target, count, 32))
	cancel()
	t.Logf("%d searches were answered meanwhile", <-answered)
	memory, err := procfs.ReadMemory(a.pid)
	require.NoError(t, err)
	t.Logf("the agent took at most %d MiB", memory.Peak>>20)
	require.Less(t, memory.Peak, int64(80<<20))
	a.requireDocuments(100)
	require.Len(t, a.lines("started the server"), 1)
	a.stop()
	again := serve(t, how{data: a.data})
	again.requireDocuments(100)
	again.stop()
}

// searchRightly searches until the context ends, requires that each search finds what it should, and returns how many there were.
func (a *agent) searchRightly(ctx context.Context) int {
	for count := 0; ; count++ {
		number := 1 + count%100
		hits, err := a.Search(ctx, "things", []float32{float32(number), 0}, 1)
		if ctx.Err() != nil {
			return count
		}
		if err != nil || len(hits) != 1 || hits[0].ID != client.Number(uint64(number)) {
			a.t.Errorf("the search for document %d: %v, %v", number, hits, err)
			return count
		}
	}
}
