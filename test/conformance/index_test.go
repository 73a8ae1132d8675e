package conformance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// The stand-in has no index but the list of all vectors, so what an index does wrong is for the real server.

const hnsw = `{"Hnsw":{"m":16,"ef_construction":64,"ef_search":64}}`

// chain is a directory with as many documents, each one further on a line than the one before, in an index of a kind.
func chain(t *testing.T, count int, index string) string {
	t.Helper()
	var log strings.Builder
	for number := 1; number <= count; number++ {
		log.WriteString(insertOf(fmt.Sprintf(`{"U64":%d}`, number), fmt.Sprintf("[%d.0,0.0]", number), fmt.Sprintf(`{"n":%d}`, number)) + "\n")
	}
	return withFiles(t, strings.Replace(goodSchema, `"index": null`, `"index": `+index, 1), log.String()).dir
}

// As soon as there are more documents than a search looks at, it keeps the worst.
func TestHNSWGivesTheWorst(t *testing.T) {
	needsTheRealServer(t, "it has no such index")
	for count, found := range map[int]uint64{64: 1, 65: 2, 1000: 937} {
		s := serve(t, start{dir: chain(t, count, hnsw)})
		hits := s.search("things", 0, 0, 1)
		require.Len(t, hits, 1)
		require.Equal(t, client.Number(found), hits[0].ID, "the nearest of %d is 1", count)
		s.stop()
	}
}

// An index of the kind IVF with product quantization learns from one vector, and takes every other for that one.
func TestQuantizedVectorsAreAllTheFirst(t *testing.T) {
	needsTheRealServer(t, "it has no such index")
	plain := serve(t, start{dir: chain(t, 100, `{"Ivf":{"nlist":1,"nprobe":1,"pq":null}}`)})
	require.Equal(t, []client.Hit{{ID: client.Number(50)}}, plain.search("things", 50, 0, 1))
	plain.stop()
	s := serve(t, start{dir: chain(t, 100, `{"Ivf":{"nlist":1,"nprobe":1,"pq":{"segments":2,"codebook_bits":8}}}`)})
	hits := s.search("things", 50, 0, 100)
	require.Len(t, hits, 100)
	for _, hit := range hits {
		require.InDelta(t, -49, hit.Score, 0, "%v", hit.ID)
	}
}

// An index of the kind IVF without lists is taken for a collection without documents, and no document can be added. With a log that
// has one the server does not start.
func TestIVFWithoutLists(t *testing.T) {
	needsTheRealServer(t, "it has no such index")
	s := serve(t, start{dir: chain(t, 1, `{"Ivf":{"nlist":1,"nprobe":1,"pq":null}}`)})
	require.NoError(t, s.Delete(t.Context(), "things", client.Number(1)))
	require.Equal(t, 202, s.status("POST", rebuildPath, `{"index":{"Ivf":{"nlist":0,"nprobe":1,"pq":null}}}`))
	require.Eventually(t, func() bool { return strings.Contains(s.read(s.collectionFile("things", "schema.json")), `"nlist": 0`) }, patience, waitForIt)
	require.Error(t, s.Insert(t.Context(), "things", documents(1)[0]), "the connection is closed")
	require.NoError(t, s.Health(t.Context()))
	s.stop()
	broken := launch(t, start{dir: s.dir})
	require.Equal(t, panicked, broken.exit())
	require.Regexp(t, panicOf(mainThread, "index out of bounds: the len is 0 but the index is 0"), broken.problems())
}

// The time that HNSW needs to read its data grows with the square of the number of documents.
func TestHNSWReadsInTheSquareOfTheNumber(t *testing.T) {
	needsTheRealServer(t, "it has no such index")
	read := func(count int) time.Duration {
		dir := chain(t, count, hnsw)
		begin := time.Now()
		s := launch(t, start{dir: dir})
		for !listens(s.address) {
			time.Sleep(time.Millisecond)
			require.Less(t, time.Since(begin), 10*time.Minute)
		}
		took := time.Since(begin)
		t.Logf("%d documents in %s", count, took.Round(time.Millisecond))
		s.kill()
		return took
	}
	few := longOr(5000, 2000)
	took := read(few)
	if long() {
		require.Greater(t, read(2*few), 2*took)
	}
	require.Greater(t, read(4*few), 5*took)
}

// Finite vectors can have scores that are no numbers, and some sorting panics on those. Then the insert is not answered and
// not logged, so the server starts again. With such a log from elsewhere it does not.
func TestHNSWWithScoresThatAreNoNumbers(t *testing.T) {
	needsTheRealServer(t, "it has no such index")
	const wide = `{"Hnsw":{"m":64,"ef_construction":200,"ef_search":200}}`
	const unordered = "user-provided comparison function does not correctly implement a total order"
	s := serve(t, start{})
	require.Equal(t, 201, s.status("POST", "/collections", `{"name":"things","dimension":2,"metric":"Cosine","index":`+wide+`}`))
	var log strings.Builder
	answered := 0
	for number := 1; number <= 100; number++ {
		vector := fmt.Sprintf("[%d.5e%d,%d]", number%9+1, []int{0, 18, 30}[number%3], number*7919%100)
		log.WriteString(insertOf(fmt.Sprintf(`{"U64":%d}`, number), vector, "1") + "\n")
		if _, err := s.Send(t.Context(), "POST", "/collections/things/documents", "application/json", fmt.Sprintf(`{"id":%d,"vector":%s,"payload":1}`, number, vector)); err == nil {
			answered++
		}
	}
	t.Logf("%d of 100 inserts were answered", answered)
	require.Less(t, answered, 100)
	require.Contains(t, s.problems(), unordered)
	require.Equal(t, answered, strings.Count(s.read(s.collectionFile("things", "wal.jsonl")), "\n"))
	s.stop()
	s = s.again()
	usage, err := s.Usage(t.Context(), "default")
	require.NoError(t, err)
	require.Equal(t, answered, usage.Documents)
	s.stop()

	s.write(s.collectionFile("things", "wal.jsonl"), log.String())
	broken := launch(t, start{dir: s.dir})
	require.Equal(t, panicked, broken.exit())
	require.Regexp(t, panicOf(mainThread, unordered), broken.problems())
}
