//go:build linux

package agent

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// killsVariable says how often a test kills. make chaos-data sets it.
const killsVariable = "AGENT_KILLS"

// writers is how many clients write at the same time, each documents of its own.
const writers = 8

// perWriter is how many documents a writer has.
const perWriter = 25

// ledger is what was acknowledged, and what may have been done without an answer.
type ledger struct {
	lock sync.Mutex
	// acknowledged has the last write of each document that was answered, and begun the last that was
	// sent. A write of 0 deletes the document.
	acknowledged, begun map[uint64]int
}

// write writes documents until a request fails.
func (l *ledger) write(a *agent, writer uint64, next int) {
	random := rand.New(rand.NewPCG(writer, uint64(next)))
	for ; ; next++ {
		id, number := 1+writer*perWriter+random.Uint64N(perWriter), next
		l.lock.Lock()
		exists := l.acknowledged[id] != 0
		if exists && random.IntN(10) == 0 {
			number = 0
		}
		l.begun[id] = number
		l.lock.Unlock()
		var err error
		if number == 0 {
			err = a.Delete(context.Background(), "things", client.Number(id))
		} else {
			err = a.Insert(context.Background(), "things", client.Document{
				ID: client.Number(id), Vector: []float32{float32(id), 0}, Payload: map[string]any{"write": number}, Upsert: true,
			})
		}
		if err != nil {
			return
		}
		l.lock.Lock()
		l.acknowledged[id] = number
		l.lock.Unlock()
	}
}

// check requires that each document is as it was acknowledged last, or as a write left it that was not
// answered. It goes on from what is there.
func (l *ledger) check(a *agent) {
	a.t.Helper()
	for id := uint64(1); id <= writers*perWriter; id++ {
		found, err := a.Get(a.t.Context(), "things", client.Number(id))
		require.NoError(a.t, err)
		number := 0
		if found != nil {
			number = int(found.Payload.(map[string]any)["write"].(float64))
		}
		require.Contains(a.t, []int{l.acknowledged[id], l.begun[id]}, number, "document %d", id)
		l.acknowledged[id], l.begun[id] = number, number
	}
	// Each is there once: a search finds every entry of the server's list.
	hits, err := a.Search(a.t.Context(), "things", []float32{0, 0}, 2*writers*perWriter)
	require.NoError(a.t, err)
	seen := map[client.ID]bool{}
	for _, hit := range hits {
		require.False(a.t, seen[hit.ID], "document %s is there twice", hit.ID)
		seen[hit.ID] = true
	}
}

// The server, the agent or both are killed while eight clients write, logs are moved, and segments are
// compacted.
func TestNoAcknowledgedWriteIsLostByAKill(t *testing.T) {
	kills := 10
	if set := os.Getenv(killsVariable); set != "" {
		var err error
		kills, err = strconv.Atoi(set)
		require.NoError(t, err)
	}
	first := serve(t, how{})
	first.fill(0)
	first.stop()
	flags := []string{"--rotate-size", "20000", "--sync-interval", "20ms", "--compaction-from", "40000", "--compaction-duty", "0.9"}
	l := &ledger{acknowledged: map[uint64]int{}, begun: map[uint64]int{}}
	next, moved, compacted := 1, 0, 0
	victims := map[string]int{}
	for kill := range kills {
		a := serve(t, how{data: first.data, flags: flags})
		l.check(a)
		server := a.server()
		timer := time.AfterFunc(time.Duration(20+rand.IntN(400))*time.Millisecond, func() {
			// The kernel ends the server of an agent that is killed.
			victim := map[int]string{0: "server", 1: "agent", 2: "both"}[kill%3]
			victims[victim]++
			if victim != "agent" {
				_ = syscall.Kill(server, syscall.SIGKILL)
			}
			if victim != "server" {
				_ = syscall.Kill(a.pid, syscall.SIGKILL)
			}
		})
		var group sync.WaitGroup
		for writer := range uint64(writers) {
			group.Go(func() { l.write(a, writer, next) })
		}
		group.Wait()
		a.code()
		timer.Stop()
		// No writer has made so many writes.
		next += 1_000_000
		moved += len(a.lines("a log has become a segment"))
		compacted += len(a.lines("the segments are compacted"))
		require.Empty(t, a.lines("acknowledged writes are taken out of the log"))
	}
	last := serve(t, how{data: first.data})
	l.check(last)
	last.stop()
	t.Logf("%d kills (of %v), %d logs moved, %d compactions, %d documents", kills, victims, moved, compacted, writers*perWriter)
	require.Positive(t, moved)
	require.Positive(t, compacted)
}
