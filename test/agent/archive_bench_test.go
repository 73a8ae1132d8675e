//go:build linux

package agent

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/internal/objectstore/stores"
	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// tiered returns the flags for a warm tier in a bucket.
func (b *bucket) tiered(more ...string) []string {
	return append(append(b.flags("warm"), "--archive-path", "team/things/uid", "--archive-ordinal", "0"), more...)
}

// The archive costs writers little, and a database comes back about as fast as its objects can be fetched and its server reads them.
func TestTheArchiveIsQuick(t *testing.T) {
	documents, err := strconv.Atoi(os.Getenv(benchVariable))
	if err != nil {
		t.Skip("takes minutes: make bench-agent runs it")
	}
	const dimension = 128
	b := newBucket(t, objectstore.S3)
	asked := newAskable(t)
	data := t.TempDir()
	writeVectors(t, collection(t, data, "things", dimension, "null"), documents, dimension)

	// All that there is, which nothing has yet.
	a, alone := timedStart(t, how{data: data})
	bytes := a.size()
	a.stop()
	a = launch(t, how{data: data, flags: b.tiered(asked.flags()...)})
	a.await("the archive is written", func() bool { return len(a.lines("the archive is written")) > 0 })
	began := time.Now()
	used := a.cpu(func() {
		a.await("the archive has all", func() bool {
			found := asked.archive(t)
			return found != nil && found.RecoverableUntil != nil && found.PendingBytes == 0 && found.Tiers[0].Objects > 0
		})
	})
	shipped := time.Since(began)
	a.await("the server answers", func() bool { return a.Health(t.Context()) == nil })
	a.stopShipped()
	counts := b.Counts()
	megabytes := float64(bytes) / 1e6
	t.Logf("shipping: %.0f MB of log in %.1f s, %.0f MB/s; processor of agent and server %s; %d requests, %.0f MB in the bucket",
		megabytes, shipped.Seconds(), megabytes/shipped.Seconds(), used, counts.All(), float64(counts.Sent)/1e6)

	download := download(t, b)
	emptied(t, data)
	a, whole := timedStart(t, how{data: data, flags: b.tiered()})
	restored := a.lines("the data are restored")[0]["seconds"].(float64)
	a.stopShipped()
	ratio := whole.Seconds() / (download + alone).Seconds()
	t.Logf("restore: %.1f s, %.0f MB/s of log; all objects by 8 clients %.1f s; start of the server alone %.1f s; restore and start %.1f s, of both %s",
		restored, megabytes/restored, download.Seconds(), alone.Seconds(), whole.Seconds(), target(ratio, ratio <= 1.5))
}

// writeVectors writes a log of documents whose vectors are like those of a model: no two are alike.
func writeVectors(t *testing.T, folder string, documents, dimension int) {
	t.Helper()
	file, err := os.Create(filepath.Join(folder, datadir.LogFile))
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	buffered := bufio.NewWriterSize(file, 1<<20)
	for number := range documents {
		fmt.Fprintf(buffered, `{"op":{"Insert":{"id":{"U64":%d},"vector":[`, number+1)
		for index := range dimension {
			separator := ","
			if index == 0 {
				separator = ""
			}
			fmt.Fprint(buffered, separator, strconv.FormatFloat(random.NormFloat64()/10, 'g', -1, 32))
		}
		fmt.Fprintf(buffered, `],"payload":{"n":%d}}}}`+"\n", number)
	}
	require.NoError(t, errors.Join(buffered.Flush(), file.Close()))
}

// download returns how long it takes to read all objects of a bucket with 8 clients.
func download(t *testing.T, b *bucket) time.Duration {
	t.Helper()
	store, err := stores.Open(b.options)
	require.NoError(t, err)
	var keys []string
	for token := ""; ; {
		page, err := store.List(t.Context(), "", token, 1000)
		require.NoError(t, err)
		for _, object := range page.Objects {
			keys = append(keys, object.Key)
		}
		if token = page.Next; token == "" {
			break
		}
	}
	began := time.Now()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(8)
	for _, key := range keys {
		group.Go(func() error {
			_, err := store.Read(ctx, key, io.Discard)
			return err
		})
	}
	require.NoError(t, group.Wait())
	return time.Since(began)
}

// paced has clients insert at a rate that leaves the machine time, and returns how long each insert took.
func paced(t *testing.T, by *client.Client, limit time.Duration) []time.Duration {
	t.Helper()
	var all []time.Duration
	var lock sync.Mutex
	var group sync.WaitGroup
	end := time.Now().Add(limit)
	for range 8 {
		group.Go(func() {
			for tick := time.NewTicker(40 * time.Millisecond); time.Now().Before(end); <-tick.C {
				began := time.Now()
				err := by.Insert(t.Context(), "things", client.Document{
					ID: client.Number(lastInserted.Add(1)), Vector: []float32{1, 2}, Payload: map[string]any{"n": text(1000)},
				})
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

// A write takes about as long with an archive as without one.
func TestTheArchiveCostsWritersLittle(t *testing.T) {
	if os.Getenv(benchVariable) == "" {
		t.Skip("takes minutes: make bench-agent runs it")
	}
	b := newBucket(t, objectstore.S3)
	start := func(flags ...string) *agent {
		a := serve(t, how{door: true, flags: append(flags, "--commit")})
		a.fill(0)
		a.keepConnections()
		return a
	}
	other := newBucket(t, objectstore.S3)
	without, with, archived := &written{agent: start()}, &written{agent: start(b.tiered()...)}, &written{agent: start(other.tiered("--commit-to-archive")...)}
	all := []*written{without, with, archived}
	for range benchRounds {
		// What one leaves to the disk delays the next, so the order is not the same each time.
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, each := range all {
			each.took = append(each.took, paced(t, each.agent.Client, 2*benchRound)...)
		}
		for _, each := range all {
			each.count += inserts(t, each.agent.Client, 16)
		}
	}
	for _, percent := range []int{50, 99} {
		before, after := percentile(without.took, percent), percentile(with.took, percent)
		ratio := float64(after) / float64(before)
		t.Logf("200 writes a second, p%d: Sync %s, with an archive %s, %s; Archived %s", percent, before, after, target(ratio, ratio <= 1.05), percentile(archived.took, percent))
	}
	ratio := float64(with.count) / float64(without.count)
	t.Logf("16 clients, as fast as they can: with an archive %s of the writes without", target(ratio, ratio >= 0.95))
	for _, each := range all {
		each.agent.stop()
	}
}

// written is what a benchmark wrote to a database.
type written struct {
	agent *agent
	// took is how long each write took at a steady rate, and count how many there were as fast as they could.
	took  []time.Duration
	count int
}

// What a day costs, with a load that writes a gigabyte in it, and with none.
func TestWhatADayOfTheArchiveCosts(t *testing.T) {
	if os.Getenv(benchVariable) == "" {
		t.Skip("takes minutes: make bench-agent runs it")
	}
	const measured = 2 * time.Minute
	for _, mode := range []struct {
		name   string
		writes int
		flags  []string
	}{
		{"no writes", 0, nil},
		{"10 writes a second of 1.2 kB", 10, nil},
		{"the same, Archived", 10, []string{"--commit-to-archive"}},
	} {
		b := newBucket(t, objectstore.S3)
		a := serve(t, how{door: true, flags: b.tiered(append(mode.flags, "--commit")...)})
		a.fill(10)
		b.ResetCounts()
		end := time.Now().Add(measured)
		for time.Now().Before(end) {
			if mode.writes == 0 {
				time.Sleep(time.Second)
				continue
			}
			require.NoError(t, a.Insert(t.Context(), "things", client.Document{
				ID: client.Number(lastInserted.Add(1)), Vector: []float32{1, 2}, Payload: map[string]any{"n": text(1000)},
			}))
			time.Sleep(time.Second / time.Duration(mode.writes))
		}
		counts := b.Counts()
		day := 24 * float64(time.Hour) / float64(measured)
		var kinds []string
		for _, kind := range slices.Sorted(maps.Keys(counts.Requests)) {
			kinds = append(kinds, fmt.Sprintf("%.0f %s", day*float64(counts.Requests[kind]), kind))
		}
		t.Logf("%s: in a day %s, %.2f GB sent", mode.name, strings.Join(kinds, ", "), day*float64(counts.Sent)/1e9)
		a.stop()
	}
}
