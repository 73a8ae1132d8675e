package conformance

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

const rebuildPath = "/collections/things/index/rebuild"

// A rebuild of the index is answered before it is done, and writes the schema with the kind of the index at its end.
func TestRebuildWritesTheSchema(t *testing.T) {
	s := serve(t, start{})
	s.fill(3)
	schema := s.collectionFile("things", "schema.json")
	require.Equal(t, goodSchema, s.read(schema))
	require.Equal(t, http.StatusBadRequest, s.status(http.MethodPost, "/collections/absent/index/rebuild", `{"index":null}`))
	for _, index := range []struct{ asked, written string }{
		{`null`, `"Flat"`},
		{
			`{"Ivf":{"nlist":2,"nprobe":2,"pq":null}}`,
			"{\n            \"Ivf\": {\n              \"nlist\": 2,\n              \"nprobe\": 2,\n              \"pq\": null\n            }\n          }",
		},
		{`"Flat"`, `"Flat"`},
	} {
		require.Equal(t, http.StatusAccepted, s.status(http.MethodPost, rebuildPath, `{"index":`+index.asked+`}`))
		written := strings.Replace(goodSchema, `"index": null`, `"index": `+index.written, 1)
		require.Eventually(t, func() bool { return s.read(schema) == written }, patience, waitForIt, "%s", s.read(schema))
	}
	s.stop()
	s.again().requireAll(documents(3))
}

// The schema is written where it is, piece by piece. A server that ends meanwhile does not start again.
func TestSchemaIsTornWhenTheServerEnds(t *testing.T) {
	for write, torn := range map[int]struct{ left, said string }{
		1: {"", unreadable("EOF while parsing a value at line 1 column 0")},
		2: {"{", unreadable("EOF while parsing an object at line 1 column 1")},
	} {
		t.Run(fmt.Sprint("at a rebuild, before write ", write), func(t *testing.T) {
			s := serve(t, start{})
			s.fill(1)
			schema := s.collectionFile("things", "schema.json")
			copied := s.read(schema)
			s.killAtWrite(schema, write)
			// It may have ended before it answers.
			_, _ = s.Send(t.Context(), http.MethodPost, rebuildPath, "application/json", `{"index":"Flat"}`)
			require.Equal(t, exit{Signal: syscall.SIGKILL}, s.exit())
			require.Equal(t, torn.left, s.read(schema))
			s.requireFailure(torn.said)
			// The schema that was before is as good.
			s.write(schema, copied)
			s.again().requireAll(documents(1))
		})
	}
	t.Run("when a collection is made", func(t *testing.T) {
		s := serve(t, start{})
		s.fill(1)
		schema := s.collectionFile("others", "schema.json")
		s.killAtWrite(schema, 2)
		require.Error(t, s.CreateCollection(t.Context(), client.Collection{Name: "others", Dimension: 1, Metric: client.L2}))
		require.Equal(t, exit{Signal: syscall.SIGKILL}, s.exit())
		require.Equal(t, "{", s.read(schema))
		s.requireFailure(unreadable("EOF while parsing an object at line 1 column 1"))
	})
}

// Between its signal and its end a server finishes the rebuild that it is at.
func TestInterruptWaitsForARebuild(t *testing.T) {
	needsTheRealServer(t, "it builds no index")
	s := serve(t, start{dir: chain(t, longOr(8000, 2000), `"Flat"`)})
	schema := s.collectionFile("things", "schema.json")
	require.Equal(t, http.StatusAccepted, s.status(http.MethodPost, rebuildPath, `{"index":`+hnsw+`}`))
	require.Eventually(t, func() bool {
		// A request that waits for its turn does so while the index is built.
		quick := *s.Client.HTTP
		quick.Timeout = 100 * time.Millisecond
		waiting := *s.Client
		waiting.HTTP = &quick
		_, err := waiting.Send(t.Context(), http.MethodGet, "/collections/absent/documents/1", "", "")
		return os.IsTimeout(err)
	}, patience, time.Millisecond)
	begin := time.Now()
	s.stop()
	t.Logf("it ended %s after the signal", time.Since(begin).Round(time.Millisecond))
	require.Contains(t, s.read(schema), "Hnsw")
}
