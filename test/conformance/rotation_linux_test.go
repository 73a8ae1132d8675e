package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// writers are clients that insert documents until they are stopped, each into all collections in turn. Each counts what was acknowledged.
type writers struct {
	t            *testing.T
	collections  []string
	acknowledged []atomic.Int64
	stopping     context.CancelFunc
	done         sync.WaitGroup
}

const writerCount = 8

// id is the id of a writer's document, both counted from 0.
func (w *writers) id(writer, number int) client.ID {
	return client.Number(uint64(number*writerCount + writer + 1))
}

func (s *server) load(collections ...string) *writers {
	s.t.Helper()
	w := &writers{t: s.t, collections: collections, acknowledged: make([]atomic.Int64, writerCount)}
	for _, name := range collections {
		require.NoError(s.t, s.CreateCollection(s.t.Context(), client.Collection{Name: name, Dimension: 2, Metric: client.L2}))
	}
	ctx, stop := context.WithCancel(s.t.Context())
	w.stopping = stop
	transport := &http.Transport{MaxIdleConnsPerHost: writerCount}
	s.t.Cleanup(transport.CloseIdleConnections)
	for writer := range writerCount {
		w.done.Go(func() {
			connection := *s.Client
			connection.HTTP = client.NewHTTPClient(transport)
			for number := 0; ctx.Err() == nil; number++ {
				document := client.Document{ID: w.id(writer, number/len(collections)), Vector: []float32{float32(number), 0}, Payload: map[string]any{"writer": writer}}
				// What is under way is not given up.
				if err := connection.Insert(context.WithoutCancel(ctx), collections[number%len(collections)], document); err != nil {
					w.t.Errorf("writer %d: %v", writer, err)
					return
				}
				w.acknowledged[writer].Add(1)
			}
		})
	}
	s.t.Cleanup(w.stop)
	return w
}

func (w *writers) stop() {
	w.stopping()
	w.done.Wait()
}

// counts gives how many documents of each writer were acknowledged.
func (w *writers) counts() []int {
	counts := make([]int, 0, writerCount)
	for writer := range w.acknowledged {
		counts = append(counts, int(w.acknowledged[writer].Load()))
	}
	return counts
}

// of gives how many of a writer's documents went into a collection.
func (w *writers) of(collection, count int) int {
	return (count + len(w.collections) - 1 - collection) / len(w.collections)
}

// fence waits until no write is under way that had begun before.
func (s *server) fence() {
	s.t.Helper()
	require.Equal(s.t, http.StatusBadRequest, s.status(http.MethodGet, "/collections/absent/documents/1", ""))
}

// inserted gives the ids that the lines of a log insert, in their order.
func inserted(t *testing.T, content string) []uint64 {
	t.Helper()
	var found []uint64
	for line := range strings.Lines(content) {
		var read struct {
			Op struct {
				Insert struct{ ID struct{ U64 uint64 } }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(line), &read), line)
		require.NotZero(t, read.Op.Insert.ID.U64, line)
		found = append(found, read.Op.Insert.ID.U64)
	}
	return found
}

// A log can be made a segment while clients write: what was acknowledged is in the segments or in the log, once. After a
// call that waits for its turn the segment does not change any more.
func TestRotationUnderLoad(t *testing.T) {
	rotations := longOr(1000, 40)
	s := serve(t, start{environment: []string{"RUST_LOG=warn"}})
	w := s.load("things")
	wal, segments := s.collectionFile("things", "wal.jsonl"), s.collectionFile("things", "segments")
	require.NoError(t, os.Mkdir(segments, 0o755))
	sealed := map[string]string{}
	for number := range rotations {
		segment := filepath.Join(segments, fmt.Sprintf("segment_rotated_%020d.jsonl", number))
		require.Eventually(t, func() bool { return os.Rename(wal, segment) == nil }, patience, time.Millisecond, "nothing is written")
		s.fence()
		content := s.read(segment)
		require.True(t, strings.HasSuffix(content, "\n"), "the last record is not whole: %s", content)
		sealed[segment] = content
	}
	w.stop()
	s.stop()

	var ids []uint64
	for _, segment := range slices.Sorted(maps.Keys(sealed)) {
		require.Equal(t, sealed[segment], s.read(segment), segment)
		ids = append(ids, inserted(t, sealed[segment])...)
	}
	if content, err := os.ReadFile(wal); err == nil {
		ids = append(ids, inserted(t, string(content))...)
	} else {
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
	var expected []uint64
	for writer, count := range w.counts() {
		for number := range count {
			expected = append(expected, w.id(writer, number).Number)
		}
	}
	t.Logf("%d documents in %d segments", len(expected), rotations)
	slices.Sort(ids)
	slices.Sort(expected)
	require.Equal(t, expected, ids, "each document that was acknowledged is there once")
	usage, err := s.again().Usage(t.Context(), "default")
	require.NoError(t, err)
	require.Equal(t, len(expected), usage.Documents)
}

// A server that is stopped for a moment, and not ended, has logs that belong together: their lengths at that moment are
// a state that was, over all collections.
func TestLengthsOfTheLogsWhileItIsStopped(t *testing.T) {
	cuts := longOr(100, 5)
	s := serve(t, start{environment: []string{"RUST_LOG=warn"}})
	collections := []string{"a", "b", "c"}
	w := s.load(collections...)
	type cut struct {
		before  []int
		lengths map[string]int64
	}
	taken := make([]cut, 0, cuts)
	require.Eventually(t, func() bool { return slices.Min(w.counts()) >= len(collections) }, patience, waitForIt)
	for range cuts {
		time.Sleep(20 * time.Millisecond)
		one := cut{before: w.counts(), lengths: map[string]int64{}}
		s.whileStopped(func() {
			for _, name := range collections {
				found, err := os.Stat(s.collectionFile(name, "wal.jsonl"))
				require.NoError(t, err)
				one.lengths[name] = found.Size()
			}
		})
		taken = append(taken, one)
	}
	w.stop()

	for _, one := range taken {
		restored := &server{t: t, dir: t.TempDir()}
		for _, name := range collections {
			content := s.read(s.collectionFile(name, "wal.jsonl"))[:one.lengths[name]]
			restored.write(restored.collectionFile(name, "schema.json"), s.read(s.collectionFile(name, "schema.json")))
			restored.write(restored.collectionFile(name, "wal.jsonl"), content[:strings.LastIndex(content, "\n")+1])
		}
		found := make([][]int, len(collections))
		for index, name := range collections {
			found[index] = make([]int, writerCount)
			for _, id := range inserted(t, restored.read(restored.collectionFile(name, "wal.jsonl"))) {
				found[index][(id-1)%writerCount]++
			}
		}
		for writer, before := range one.before {
			total := 0
			for index := range collections {
				total += found[index][writer]
			}
			require.GreaterOrEqual(t, total, before, "what was acknowledged before the stop is there")
			require.LessOrEqual(t, total, w.counts()[writer])
			for index := range collections {
				require.Equal(t, w.of(index, total), found[index][writer], "the collections are of one moment")
			}
		}
		again := restored.again("RUST_LOG=warn")
		documents := 0
		for index, name := range collections {
			for writer, count := range found[index] {
				documents += count
				missing, err := again.Missing(t.Context(), name, w.id(writer, 0), w.id(writer, count-1))
				require.NoError(t, err)
				require.Empty(t, missing)
			}
		}
		usage, err := again.Usage(t.Context(), "default")
		require.NoError(t, err)
		require.Equal(t, documents, usage.Documents)
		again.stop()
	}
}

// whileStopped does something while no thread of the server runs.
func (s *server) whileStopped(do func()) {
	s.t.Helper()
	s.signal(syscall.SIGSTOP)
	defer s.signal(syscall.SIGCONT)
	require.Eventually(s.t, func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", s.process.Pid))
		require.NoError(s.t, err)
		for _, thread := range threads {
			content, err := os.ReadFile(thread)
			// The state follows the name, which is in brackets.
			if _, state, found := bytes.Cut(content, []byte(") ")); err != nil || !found || state[0] != 'T' {
				return false
			}
		}
		return len(threads) > 0
	}, patience, time.Millisecond)
	do()
}
