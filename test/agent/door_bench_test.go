//go:build linux

package agent

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// Each thing is measured in turns, so that what else the machine does meets both sides.
const (
	benchRounds = 5
	benchRound  = 3 * time.Second
)

// target says whether a ratio is as it should be.
func target(ratio float64, met bool) string {
	if met {
		return fmt.Sprintf("%.2f, met", ratio)
	}
	return fmt.Sprintf("%.2f, missed", ratio)
}

// keepConnections has both ways of an agent keep the connections of many clients.
func (a *agent) keepConnections() {
	a.HTTP = client.NewHTTPClient(&http.Transport{MaxIdleConnsPerHost: 64})
	a.straight.HTTP = client.NewHTTPClient(&http.Transport{MaxIdleConnsPerHost: 64})
}

// A search through the agent takes little more than one straight at the server.
func TestTheDoorIsQuick(t *testing.T) {
	most, err := strconv.Atoi(os.Getenv(benchVariable))
	if err != nil {
		t.Skip("takes minutes: make bench-agent runs it")
	}
	var table strings.Builder
	for _, shape := range []struct{ documents, dimension int }{{most / 10, 128}, {most / 10, 384}, {most, 128}, {most, 384}} {
		data := t.TempDir()
		folder := collection(t, data, "things", shape.dimension, "null")
		writeLog(t, folder, shape.documents, shape.dimension, func(number int) string { return fmt.Sprintf(`{"n":%d}`, number) })
		a, _ := timedStart(t, how{data: data, door: true})
		a.keepConnections()
		for _, clients := range []int{1, 32} {
			var straight, through []time.Duration
			for range benchRounds {
				straight = append(straight, searches(t, a.straight, clients, shape.dimension)...)
				through = append(through, searches(t, a.Client, clients, shape.dimension)...)
			}
			fmt.Fprintf(&table, "| %d | %d | %d |", shape.documents, shape.dimension, clients)
			for _, limit := range []struct {
				percent int
				ratio   float64
			}{{50, 1.1}, {99, 1.3}} {
				one, other := percentile(straight, limit.percent), percentile(through, limit.percent)
				ratio := float64(other) / float64(one)
				fmt.Fprintf(&table, " %s | %s | %s |", one, other, target(ratio, ratio <= limit.ratio))
			}
			table.WriteString("\n")
		}
		a.stop()
	}
	t.Logf("\n| documents | dimension | clients | p50 straight | through the agent | ratio | p99 straight | through the agent | ratio |\n%s", table.String())
}

// Writes through the agent, and with the mode Sync, are not many fewer.
func TestTheDoorTakesWrites(t *testing.T) {
	if os.Getenv(benchVariable) == "" {
		t.Skip("takes minutes: make bench-agent runs it")
	}
	start := func(flags ...string) *agent {
		a := serve(t, how{door: true, flags: append(flags, "--rotate-size", strconv.Itoa(1<<30))})
		a.fill(0)
		a.keepConnections()
		return a
	}
	none, committing := start("--sync-interval", "0s"), start("--commit")
	var straight, through, many, synced int
	for range benchRounds {
		straight += inserts(t, none.straight, 16)
		through += inserts(t, none.Client, 16)
		many += inserts(t, none.Client, 32)
		synced += inserts(t, committing.Client, 32)
	}
	second := func(count int) float64 { return float64(count) / (benchRounds * benchRound).Seconds() }
	door, commit := float64(through)/float64(straight), float64(synced)/float64(many)
	t.Logf("inserts a second:\n| None, 16 clients | straight %.0f | through the agent %.0f | %s |\n| 32 clients through the agent | None %.0f | Sync %.0f | %s |\nfdatasync takes %s here",
		second(straight), second(through), target(door, door >= 0.7), second(many), second(synced), target(commit, commit >= 0.5), syncTime(t, committing.data))
	none.stop()
	committing.stop()
}

// lastInserted is the number of the last document that a benchmark has inserted.
var lastInserted atomic.Uint64

// inserts returns how many documents so many clients insert in a round.
func inserts(t *testing.T, by *client.Client, clients int) int {
	t.Helper()
	var done atomic.Int64
	var group sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), benchRound)
	defer cancel()
	for range clients {
		group.Go(func() {
			for ctx.Err() == nil {
				err := by.Insert(t.Context(), "things", client.Document{
					ID: client.Number(lastInserted.Add(1)), Vector: []float32{1, 2}, Payload: map[string]any{"n": strings.Repeat("x", 100)},
				})
				if err != nil {
					t.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	group.Wait()
	return int(done.Load())
}

// syncTime is how long an fdatasync of a line takes in a folder.
func syncTime(t *testing.T, folder string) time.Duration {
	t.Helper()
	file, err := os.Create(filepath.Join(folder, "timed"))
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	var took []time.Duration
	for range 200 {
		_, err := file.WriteString(strings.Repeat("x", 200) + "\n")
		require.NoError(t, err)
		began := time.Now()
		require.NoError(t, syscall.Fdatasync(int(file.Fd())))
		took = append(took, time.Since(began))
	}
	return percentile(took, 50)
}

// searches returns how long the searches of a round took that so many clients made.
func searches(t *testing.T, by *client.Client, clients, dimension int) []time.Duration {
	t.Helper()
	var all []time.Duration
	var lock sync.Mutex
	var group sync.WaitGroup
	end := time.Now().Add(benchRound)
	for number := range clients {
		group.Go(func() {
			vector := make([]float32, dimension)
			vector[0] = float32(number)
			for time.Now().Before(end) {
				began := time.Now()
				_, err := by.Search(t.Context(), "things", vector, 10)
				took := time.Since(began)
				if err != nil {
					t.Error(err)
					return
				}
				lock.Lock()
				all = append(all, took)
				lock.Unlock()
			}
		})
	}
	group.Wait()
	return all
}
