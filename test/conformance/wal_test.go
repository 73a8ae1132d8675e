package conformance

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// One line for each write, in just this form.
func TestFormOfTheLog(t *testing.T) {
	s := serve(t, start{})
	require.NoError(t, s.CreateCollection(t.Context(), client.Collection{Name: "things", Dimension: 11, Metric: client.L2}))
	const documents = "/collections/things/documents"
	const numbers = `1,2.5,-0.0,0.1,1e-6,1e-7,1e12,1e13,16777217,3.4028235e38,1e39`
	const written = `1.0,2.5,-0.0,0.1,0.000001,1e-7,1000000000000.0,1e+13,16777216.0,3.4028235e+38,null`
	for _, body := range []string{
		`{"id":1,"vector":[` + numbers + `],"payload":{"title":"x"}}`,
		`{"id":18446744073709551615,"vector":[` + numbers + `],"payload":[1,-1.0,1e15,1e16,0.00001,1e-6,9223372036854775808]}`,
		"{\"id\":\"a\\\"b\\u0001/<é\u2028\",\"vector\":[" + numbers + "],\"payload\":null}",
		`{"id":"7","vector":[` + numbers + `],"upsert":true}`,
	} {
		require.Equal(t, http.StatusCreated, s.status(http.MethodPost, documents, body), body)
	}
	require.NoError(t, s.Delete(t.Context(), "things", client.Number(1)))
	require.Equal(t, http.StatusNotFound, s.status(http.MethodDelete, documents+"/absent", ""), "what was not there is not logged")
	require.Equal(t, http.StatusBadRequest, s.status(http.MethodPost, documents, `{"id":5,"vector":[1]}`), "what is refused is not logged")
	require.Equal(t, strings.Join([]string{
		`{"op":{"Insert":{"id":{"U64":1},"vector":[` + written + `],"payload":{"title":"x"}}}}`,
		`{"op":{"Insert":{"id":{"U64":18446744073709551615},"vector":[` + written + `],"payload":[1,-1.0,1000000000000000.0,1e+16,0.00001,1e-6,9.223372036854776e+18]}}}`,
		"{\"op\":{\"Insert\":{\"id\":{\"Str\":\"a\\\"b\\u0001/<é\u2028\"},\"vector\":[" + written + "],\"payload\":null}}}",
		`{"op":{"Insert":{"id":{"Str":"7"},"vector":[` + written + `],"payload":null}}}`,
		`{"op":{"Delete":{"U64":1}}}`,
		"",
	}, "\n"), s.read(s.collectionFile("things", "wal.jsonl")))
	require.Equal(t, "-rw-r--r--", s.mode(s.collectionFile("things", "wal.jsonl")))
	require.Equal(t, "-rw-r--r--", s.mode(s.collectionFile("things", "schema.json")))
	require.Equal(t, "drwxr-xr-x", s.mode(s.collectionFile("things", "")))
}

func (s *server) mode(file string) string {
	s.t.Helper()
	found, err := os.Stat(file)
	require.NoError(s.t, err)
	return found.Mode().String()
}

// A number of a payload can change in its last digit when it comes, and not any more when it is read from the log.
func TestNumbersChangeOnce(t *testing.T) {
	s := serve(t, start{})
	s.fill(0)
	require.Equal(t, http.StatusCreated, s.status(http.MethodPost, "/collections/things/documents",
		`{"id":1,"vector":[0.1,16777217],"payload":{"n":123.45678901234567}}`))
	check := func(s *server) {
		answer, err := s.Send(t.Context(), http.MethodGet, "/collections/things/documents/1", "", "")
		require.NoError(t, err)
		require.Equal(t, `{"document":{"id":{"U64":1},"vector":[0.1,16777216.0],"payload":{"n":123.45678901234568}}}`, answer.Body)
	}
	check(s)
	s.stop()
	s = s.again()
	check(s)
	s.stop()
	check(s.again())
}

// The log is opened for each write, which is two calls of the system: the record and its end. Nothing is synced.
func TestRecordAndItsEndAreTwoWrites(t *testing.T) {
	s := serve(t, start{})
	inserted := s.fill(3)
	tracing := s.trace(s.collectionFile("things", "wal.jsonl"))
	require.NoError(t, s.Insert(t.Context(), "things", documents(4)[3]))
	require.NoError(t, s.Delete(t.Context(), "things", inserted[0].ID))
	record, deletion := len(goodLine), len(`{"op":{"Delete":{"U64":1}}}`)
	require.Equal(t, []string{
		fmt.Sprint("write ", record), "write 1", "close", fmt.Sprint("write ", deletion), "write 1", "close",
	}, tracing.calls())
}

// A server that ends between the two leaves a whole record, which counts. The next write goes on the same line.
func TestRecordWithoutItsEnd(t *testing.T) {
	s := serve(t, start{})
	s.fill(1)
	wal := s.collectionFile("things", "wal.jsonl")
	s.killAtWrite(wal, 2)
	require.Error(t, s.Insert(t.Context(), "things", documents(2)[1]))
	require.Equal(t, exit{Signal: syscall.SIGKILL}, s.exit())
	second := strings.ReplaceAll(goodLine, "1}", "2}")
	second = strings.ReplaceAll(strings.ReplaceAll(second, "[1.0", "[2.0"), "document 1", "document 2")
	require.Equal(t, goodLine+"\n"+second, s.read(wal))

	whole := &server{t: t, dir: t.TempDir()}
	s.copyTo(whole)
	s = s.again()
	s.requireAll(documents(2))
	require.NoError(t, s.Insert(t.Context(), "things", documents(3)[2]))
	s.stop()
	s.requireFailure(unreadable(fmt.Sprintf("trailing characters at line 1 column %d", len(second)+1)))

	// An end that is added in time, even while it runs, is all that is needed.
	s = whole.again()
	s.extend(whole.collectionFile("things", "wal.jsonl"), "\n")
	require.NoError(t, s.Insert(t.Context(), "things", documents(3)[2]))
	s.extend(whole.collectionFile("things", "wal.jsonl"), "\n")
	s.stop()
	s.again().requireAll(documents(3))
}

// extend adds to the end of a file.
func (s *server) extend(file, content string) {
	s.t.Helper()
	opened, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(s.t, err)
	_, err = opened.WriteString(content)
	require.NoError(s.t, err)
	require.NoError(s.t, opened.Close())
}

// What becomes of a log that is taken away from a server that runs. It looks at the file for no longer than a
// write takes.
func TestLogThatIsTakenAway(t *testing.T) {
	for name, taken := range map[string]struct {
		take func(t *testing.T, wal string)
		// kept is how many of the two earlier documents are there after a restart.
		kept int
	}{
		"renamed to a segment": {func(t *testing.T, wal string) {
			segments := filepath.Join(filepath.Dir(wal), "segments")
			require.NoError(t, os.Mkdir(segments, 0o755))
			require.NoError(t, os.Rename(wal, filepath.Join(segments, "segment_rotated_1.jsonl")))
		}, 2},
		"emptied": {func(t *testing.T, wal string) { require.NoError(t, os.Truncate(wal, 0)) }, 0},
		"cut": {func(t *testing.T, wal string) {
			require.NoError(t, os.Truncate(wal, int64(len(goodLine)+1)))
		}, 1},
		"removed": {func(t *testing.T, wal string) { require.NoError(t, os.Remove(wal)) }, 0},
		"replaced": {func(t *testing.T, wal string) {
			require.NoError(t, os.WriteFile(wal+".new", []byte(goodLine+"\n"), 0o644))
			require.NoError(t, os.Rename(wal+".new", wal))
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, start{})
			s.fill(2)
			taken.take(t, s.collectionFile("things", "wal.jsonl"))
			s.requireAll(documents(2))
			require.NoError(t, s.Insert(t.Context(), "things", documents(3)[2]))
			s.stop()
			s = s.again()
			s.requireAll(documents(3)[2:])
			missing, err := s.Missing(t.Context(), "things", client.Number(1), client.Number(2))
			require.NoError(t, err)
			require.Len(t, missing, 2-taken.kept)
			s.requireAll(documents(taken.kept))
		})
	}
}

// A write that cannot be logged fails, and is there until the restart.
func TestWriteThatCannotBeLogged(t *testing.T) {
	s := serve(t, start{})
	s.fill(2)
	folder := s.collectionFile("things", "")
	require.NoError(t, os.Rename(folder, filepath.Join(s.dir, "taken")))
	answer, err := s.Send(t.Context(), http.MethodPost, "/collections/things/documents", "application/json",
		`{"id":3,"vector":[3,0],"payload":{"title":"document 3"}}`)
	require.NoError(t, err)
	require.Equal(t, http.StatusInternalServerError, answer.Status)
	require.JSONEq(t, `{"error":"storage error: io error: No such file or directory (os error 2)"}`, answer.Body)
	s.requireAll(documents(3))
	require.NoError(t, os.Rename(filepath.Join(s.dir, "taken"), folder))
	s.stop()
	s = s.again()
	s.requireAll(documents(2))
	missing, err := s.Missing(t.Context(), "things", client.Number(3))
	require.NoError(t, err)
	require.Equal(t, []client.ID{client.Number(3)}, missing)
}
