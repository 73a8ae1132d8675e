package conformance

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/privatenetwork"
)

func TestWritesSurviveTheProcess(t *testing.T) {
	s := serve(t, start{})
	inserted := s.fill(50)
	s.signal(syscall.SIGKILL)
	require.Equal(t, exit{Signal: syscall.SIGKILL}, s.exit())
	s.again().requireAll(inserted)
}

func TestLogIsNeverShortened(t *testing.T) {
	s := serve(t, start{})
	s.fill(0)
	for range 10 {
		require.NoError(t, s.Insert(t.Context(), "things", client.Document{
			ID: client.Number(1), Vector: []float32{1, 2}, Payload: map[string]any{}, Upsert: true,
		}))
	}
	require.NoError(t, s.Delete(t.Context(), "things", client.Number(1)))
	require.Equal(t, 11, strings.Count(s.read(s.collectionFile("things", "wal.jsonl")), "\n"))
	s.stop()
	s = s.again()
	require.Equal(t, 11, strings.Count(s.read(s.collectionFile("things", "wal.jsonl")), "\n"))
}

// The form of the files, for those who repair them by hand.
func TestFilesThatWereWrittenByHand(t *testing.T) {
	s := &server{t: t, dir: t.TempDir()}
	s.write(s.collectionFile("things", "schema.json"), `{
		"name": "things", "tenant_id": "another, which the folder overrules", "bm25_config": null,
		"fields": [{"name": "vector", "required": true, "field_type": {"Vector": {"dimension": 2, "metric": "L2"}}}]}`)
	s.write(s.collectionFile("things", "wal.jsonl"), ""+
		`{"op":{"Insert":{"id":{"U64":1},"vector":[1,2],"payload":{"title":"replaced"}}}}`+"\n"+
		"\n  \n"+
		`{"op":{"Insert":{"id":{"U64":1},"vector":[3,4.5],"payload":{"title":"kept"}}}}`+"\n"+
		`{"op":{"Insert":{"id":{"Str":"two"},"vector":[0,0],"payload":null}}}`+"\n"+
		`{"op":{"Delete":{"Str":"two"}}}`)
	s.write(s.collectionFile("no-schema", "wal.jsonl"), "anything")

	s = s.again()
	s.requireAll([]client.Document{{ID: client.Number(1), Vector: []float32{3, 4.5}, Payload: map[string]any{"title": "kept"}}})
	usage, err := s.Usage(t.Context(), "default")
	require.NoError(t, err)
	require.Equal(t, client.Usage{Tenant: "default", Collections: 1, Documents: 1, DiskBytes: 24, MemoryBytes: 24}, usage)
}

// One insert is enough to keep the server from ever starting again. JSON has no NaN, but
// a number that is too large for 32 bits becomes infinite, which is logged as null.
func TestInfiniteVectorPoisonsTheLog(t *testing.T) {
	s := serve(t, start{})
	s.fill(1)
	require.Equal(t, 201, s.status("POST", "/collections/things/documents", `{"id":2,"vector":[1e39,0]}`))
	answer, err := s.Send(t.Context(), "GET", "/collections/things/documents/2", "", "")
	require.NoError(t, err)
	require.JSONEq(t, `{"document":{"id":{"U64":2},"vector":[null,0],"payload":null}}`, answer.Body)
	require.Equal(t, []client.Hit{{ID: client.Number(1)}}, s.search("things", 1, 0, 1), "searches go on")
	lines := strings.Split(strings.TrimSpace(s.read(s.collectionFile("things", "wal.jsonl"))), "\n")
	require.JSONEq(t, `{"op":{"Insert":{"id":{"U64":2},"vector":[null,0],"payload":null}}}`, lines[1])
	s.stop()
	s.requireFailure(unreadable("invalid type: null, expected f32 at line 1 column 46"))

	// Without the line it starts.
	s.write(s.collectionFile("things", "wal.jsonl"), lines[0]+"\n")
	s.again().requireAll(documents(1))
}

func TestStorageDirectoryThatCannotBeUsed(t *testing.T) {
	file := t.TempDir() + "/file"
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	s := launch(t, start{environment: []string{"BARQ_STORAGE_DIR=" + file + "/data"}})
	require.Equal(t, failed, s.exit())
	require.Equal(t, report("io error: Not a directory (os error 20)", "Not a directory (os error 20)"), s.problems())
}

// manyDocuments is what takes a server a while to read.
const manyDocuments = 40_000

// large gives a directory with many documents, which the server has not seen yet.
func large(t *testing.T) string {
	t.Helper()
	s := &server{t: t, dir: t.TempDir()}
	s.write(s.collectionFile("things", "schema.json"),
		`{"name":"things","fields":[{"name":"vector","field_type":{"Vector":{"dimension":64,"metric":"L2","index":null}},"required":true}],"bm25_config":null,"tenant_id":"default"}`)
	vector := strings.TrimSuffix(strings.Repeat("0.123456,", 64), ",")
	var log strings.Builder
	for number := 1; number <= manyDocuments; number++ {
		fmt.Fprintf(&log, `{"op":{"Insert":{"id":{"U64":%d},"vector":[%s],"payload":{"n":%d}}}}`+"\n", number, vector, number)
	}
	s.write(s.collectionFile("things", "wal.jsonl"), log.String())
	return s.dir
}

func TestPortsOpenAfterTheReplay(t *testing.T) {
	s := launch(t, start{dir: large(t)})
	begin, refused := time.Now(), 0
	for !listens(s.address) {
		if privatenetwork.Inside() && refused%10 == 0 && listens(rpcAddress) {
			// gRPC comes first, by less than this.
			require.Eventually(t, func() bool { return listens(s.address) }, 250*time.Millisecond, time.Millisecond)
			break
		}
		refused++
		require.Less(t, time.Since(begin), 2*time.Minute)
		time.Sleep(time.Millisecond)
	}
	t.Logf("%d documents were replayed in %s", manyDocuments, time.Since(begin).Round(time.Millisecond))
	require.Greater(t, refused, 20, "the port was open too early to tell")
	usage, err := s.Usage(t.Context(), "default")
	require.NoError(t, err)
	require.Equal(t, manyDocuments, usage.Documents)
	missing, err := s.Missing(t.Context(), "things", client.Number(1), client.Number(manyDocuments))
	require.NoError(t, err)
	require.Empty(t, missing)
}
