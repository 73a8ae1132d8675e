//go:build linux

package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/bench/procfs"
)

// benchVariable is how many documents TestAHistoryOfRewrites writes 20 times.
const benchVariable = "AGENT_BENCH"

// manyVariable is how many documents TestManyDocuments has.
const manyVariable = "AGENT_BENCH_MANY"

// benchPatience is how long a start or the compaction may take there.
const benchPatience = 20 * time.Minute

// Documents that were written 20 times take little more space, and little more time at a start, than documents that
// were written once. The compaction takes little memory, and searches go on meanwhile.
func TestAHistoryOfRewrites(t *testing.T) {
	documents, err := strconv.Atoi(os.Getenv(benchVariable))
	if err != nil {
		t.Skip("takes minutes: make bench-agent runs it")
	}
	once, often := newData(t), newData(t)
	writeLive(t, once, rewrite(t, often, documents, 20))
	flags := []string{"--rotate-size", "1"}

	fresh, startOfFresh := quickest(t, how{data: once, flags: flags})
	fresh.await("the log is moved", func() bool { return len(segments(t, once)) > 0 })
	searches := fresh.searchFor(10*time.Second, nil)
	sizeOfFresh := fresh.size()
	fresh.stop()

	first, startOfHistory := timedStart(t, how{data: often, flags: flags})
	sizeOfHistory := first.size()
	began := time.Now()
	compacted := make(chan struct{})
	go func() {
		defer close(compacted)
		first.await("the segments are compacted", func() bool { return len(first.lines("the segments are compacted")) > 0 })
	}()
	during := first.searchFor(benchPatience, compacted)
	took := time.Since(began)
	memory, err := procfs.ReadMemory(first.pid)
	require.NoError(t, err)
	first.stop()

	second, startOfCompacted := quickest(t, how{data: often, flags: flags})
	sizeOfCompacted := second.size()
	second.stop()

	t.Logf("\n%d documents\n%-34s %12s %12s\n%-34s %12s %9d MB\n%-34s %12s %9d MB\n%-34s %12s %9d MB\n%s",
		documents, "", "start", "log",
		"written once", startOfFresh.Round(time.Millisecond), sizeOfFresh>>20,
		"written 20 times", startOfHistory.Round(time.Millisecond), sizeOfHistory>>20,
		"written 20 times, compacted", startOfCompacted.Round(time.Millisecond), sizeOfCompacted>>20,
		fmt.Sprintf("the compaction took %s, and the agent at most %d MiB; p99 of searches %s, during the compaction %s",
			took.Round(time.Second), memory.Peak>>20, percentile(searches, 99), percentile(during, 99)))
	require.Less(t, float64(sizeOfCompacted), 1.5*float64(sizeOfFresh))
	require.Less(t, startOfCompacted.Seconds(), 1.3*startOfFresh.Seconds())
	require.Less(t, memory.Peak, int64(80<<20))
}

// cpu returns how much of a processor the agent takes while something is done.
func (a *agent) cpu(do func()) string {
	a.t.Helper()
	before, err := procfs.CPU(a.pid)
	require.NoError(a.t, err)
	began := time.Now()
	do()
	took := time.Since(began)
	after, err := procfs.CPU(a.pid)
	require.NoError(a.t, err)
	return fmt.Sprintf("%.1f%% of a processor for %s", 100*(after-before).Seconds()/took.Seconds(), took.Round(time.Second))
}

// The agent takes little memory, whatever the server holds, and little of a processor, whatever it does.
func TestManyDocuments(t *testing.T) {
	documents, err := strconv.Atoi(os.Getenv(manyVariable))
	if err != nil {
		t.Skip("takes minutes: make bench-agent runs it")
	}
	data := newData(t)
	number := func(number int) string { return fmt.Sprintf(`{"n":%d}`, number) }
	folder := filepath.Dir(filepath.Join(data, logOfThings))
	writeLog(t, folder, documents, 2, number)
	once := content(t, filepath.Join(data, logOfThings))
	// A third of the documents is written again, so that a compaction is worth it.
	writeLog(t, folder, documents/3, 2, number)
	again := content(t, filepath.Join(data, logOfThings))
	require.NoError(t, os.WriteFile(filepath.Join(data, logOfThings), []byte(once+again), 0o600))

	flags := []string{"--rotate-size", strconv.Itoa(1 << 20)}
	a, start := timedStart(t, how{data: data, flags: append(flags, "--compaction-from", strconv.Itoa(1<<40))})
	a.await("the log is moved", func() bool { return len(segments(t, data)) > 0 })
	idle := a.cpu(func() { time.Sleep(time.Minute) })
	a.stop()

	a, _ = timedStart(t, how{data: data, flags: flags})
	compacting := a.cpu(func() {
		a.await("the segments are compacted", func() bool { return len(a.lines("the segments are compacted")) > 0 })
	})
	written := 0
	writing := a.cpu(func() {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		written = len(a.insertUntil(ctx, 4, 1<<32))
	})
	memory, err := procfs.ReadMemory(a.pid)
	require.NoError(t, err)
	rotated := len(a.lines("a log has become a segment"))
	a.stop()

	t.Logf("\n%d documents, %d MB of logs, start %s\nidle: %s\ncompacting: %s\nwith %d inserts, synced each second and %d segments: %s\nmemory at most: %d MiB",
		documents, (len(once)+len(again))>>20, start.Round(100*time.Millisecond), idle, compacting, written, rotated, writing, memory.Peak>>20)
	require.Less(t, memory.Peak, int64(80<<20))
}

// quickest starts a database several times, and returns the agent of the last start and the time of the quickest.
func quickest(t *testing.T, h how) (*agent, time.Duration) {
	t.Helper()
	const starts = 5
	last, quickest := timedStart(t, h)
	for range starts - 1 {
		last.stop()
		started, took := timedStart(t, h)
		last, quickest = started, min(quickest, took)
	}
	return last, quickest
}

// newData returns a data directory with an empty collection.
func newData(t *testing.T) string {
	t.Helper()
	a := serve(t, how{})
	a.fill(0)
	a.stop()
	return a.data
}

// writeLive writes the log of a database in which each document was written once.
func writeLive(t *testing.T, data string, live []string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(data, logOfThings), []byte(strings.Join(live, "\n")+"\n"), 0o600))
}

// timedStart starts an agent and returns how long it takes until the server answers.
func timedStart(t *testing.T, how how) (*agent, time.Duration) {
	t.Helper()
	began := time.Now()
	a := launch(t, how)
	a.await("the server answers", func() bool { return a.Health(t.Context()) == nil })
	return a, time.Since(began)
}

func (a *agent) await(what string, check func() bool) {
	for deadline := time.Now().Add(benchPatience); !check(); time.Sleep(moment) {
		if time.Now().After(deadline) {
			a.t.Errorf("not within %s: %s", benchPatience, what)
			return
		}
	}
}

// searchFor searches until the time is over or the channel is closed, and returns how long each search took.
func (a *agent) searchFor(limit time.Duration, end <-chan struct{}) []time.Duration {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), limit)
	defer cancel()
	var took []time.Duration
	for {
		select {
		case <-ctx.Done():
			return took
		case <-end:
			return took
		default:
		}
		began := time.Now()
		_, err := a.Search(a.t.Context(), "things", []float32{float32(len(took) % 10), 1}, 10)
		require.NoError(a.t, err)
		took = append(took, time.Since(began))
		time.Sleep(20 * time.Millisecond)
	}
}

func percentile(took []time.Duration, percent int) time.Duration {
	slices.Sort(took)
	return took[len(took)*percent/100].Round(10 * time.Microsecond)
}
