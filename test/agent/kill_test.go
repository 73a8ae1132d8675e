//go:build linux

package agent

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/rpc"
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
	// acknowledged has the last write of each document that was answered, begun those that were sent since, and there what it was
	// when it was last read or answered. A write of 0 deletes the document.
	acknowledged, there map[uint64]int
	begun               map[uint64][]int
	// answered counts the writes that were answered.
	answered int
	// isDiskLost says that a start may come on another disk, which has nothing that was not answered.
	isDiskLost bool
}

func newLedger() *ledger {
	return &ledger{acknowledged: map[uint64]int{}, there: map[uint64]int{}, begun: map[uint64][]int{}}
}

// write writes documents until a request fails: over gRPC those that are not there, which is all that it can do, and over HTTP too.
func (l *ledger) write(a *agent, over caller, writer uint64, next int) {
	random := rand.New(rand.NewPCG(writer, uint64(next)))
	for ; ; next++ {
		id, number := 1+writer*perWriter+random.Uint64N(perWriter), next
		l.lock.Lock()
		exists := l.there[id] != 0
		if exists && random.IntN(4) == 0 {
			number = 0
		}
		l.begun[id] = append(l.begun[id], number)
		l.lock.Unlock()
		var err error
		switch {
		case number == 0:
			err = a.Delete(context.Background(), "things", client.Number(id))
		case !exists && a.calls != "" && random.IntN(2) == 0:
			err = over.Invoke(context.Background(), rpc.Barq_InsertDocument_FullMethodName,
				insert("things", strconv.FormatUint(id, 10), fmt.Sprintf(`{"write":%d}`, number), float32(id), 0), &rpc.InsertDocumentResponse{})
		default:
			err = a.Insert(context.Background(), "things", client.Document{
				ID: client.Number(id), Vector: []float32{float32(id), 0}, Payload: map[string]any{"write": number}, Upsert: true,
			})
		}
		if err != nil {
			return
		}
		l.lock.Lock()
		l.acknowledged[id], l.there[id], l.begun[id] = number, number, nil
		l.answered++
		l.lock.Unlock()
	}
}

// writeUntil has all clients write through the doors of an agent until what ends it has been done, after a while.
func (l *ledger) writeUntil(a *agent, next int, end func()) {
	over := callerOf(a.t, a.calls)
	timer := time.AfterFunc(time.Duration(20+rand.IntN(400))*time.Millisecond, end)
	var group sync.WaitGroup
	for writer := range uint64(writers) {
		group.Go(func() { l.write(a, over, writer, next) })
	}
	group.Wait()
	a.code()
	timer.Stop()
	_ = over.Close()
}

// check requires that each document is as it was acknowledged last, or as a later write left it that was not answered. It goes on from
// what is there, which only the loss of the disk takes away.
func (l *ledger) check(a *agent) {
	a.t.Helper()
	for id := uint64(1); id <= writers*perWriter; id++ {
		found, err := a.Get(a.t.Context(), "things", client.Number(id))
		require.NoError(a.t, err)
		number := 0
		if found != nil {
			number = int(found.Payload.(map[string]any)["write"].(float64))
		}
		require.Contains(a.t, append(slices.Clone(l.begun[id]), l.acknowledged[id]), number, "document %d", id)
		l.there[id] = number
		if !l.isDiskLost {
			l.acknowledged[id], l.begun[id] = number, nil
		}
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
	kills := killsOr(t, 10)
	first := serve(t, how{})
	first.fill(0)
	first.stop()
	l := newLedger()
	next, moved, compacted := 1, 0, 0
	victims := map[string]int{}
	// A slow disk needs more of them until a log is moved and compacted.
	for kill := 0; kill < kills || (moved == 0 || compacted == 0) && kill < 10*kills; kill++ {
		a := serve(t, killed(t, first.data, "--commit"))
		l.check(a)
		server := a.server()
		l.writeUntil(a, next, func() {
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
		// No writer has made so many writes.
		next += 1_000_000
		moved += len(a.lines("a log has become a segment"))
		compacted += len(a.lines("the segments are compacted"))
		require.Empty(t, a.lines("acknowledged writes are taken out of the log"))
	}
	last := serve(t, how{data: first.data})
	l.check(last)
	last.stop()
	t.Logf("%d kills (of %v), %d writes answered, %d logs moved, %d compactions, %d documents", kills, victims, l.answered, moved, compacted, writers*perWriter)
	require.Positive(t, moved)
	require.Positive(t, compacted)
}

// killed is how an agent is started that is killed while clients write through it: its logs are moved and compacted often.
func killed(t *testing.T, data string, flags ...string) how {
	return how{data: data, door: true, rpc: freePort(t), flags: append([]string{
		"--rotate-size", "8000", "--sync-interval", "20ms", "--compaction-from", "16000", "--compaction-duty", "0.9",
	}, flags...)}
}

// killsOr returns how often a test kills.
func killsOr(t *testing.T, otherwise int) int {
	t.Helper()
	set := os.Getenv(killsVariable)
	if set == "" {
		return otherwise
	}
	kills, err := strconv.Atoi(set)
	require.NoError(t, err)
	return kills
}
