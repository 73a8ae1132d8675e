package gate_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/gate"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// log is a Log that notes what is asked of it.
type log struct {
	checked, committed []datadir.Collection
	broken, failure    error
}

func (l *log) Check(collection datadir.Collection) error {
	l.checked = append(l.checked, collection)
	return l.broken
}

func (l *log) Commit(_ context.Context, collection datadir.Collection) error {
	l.committed = append(l.committed, collection)
	return l.failure
}

// space is a Space.
type space struct{ err error }

func (s space) Check() error { return s.err }

// server answers with a status, and counts requests.
type server struct{ status, asked int }

func (s *server) RoundTrip(*http.Request) (*http.Response, error) {
	s.asked++
	if s.status == 0 {
		return nil, errors.New("no server")
	}
	return &http.Response{StatusCode: s.status, Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

const creation = `{"name":"new","dimension":2,"metric":"L2"}`

// ask sends a request of the tenant t through a gate.
func ask(t *testing.T, through *gate.Gate, method, path, body string) (int, string) {
	t.Helper()
	asked := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	asked.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
	asked.Header.Set("X-Tenant-Id", "t")
	answer, err := through.RoundTrip(asked)
	if err != nil {
		return 0, err.Error()
	}
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, errors.Join(err, answer.Body.Close()))
	return answer.StatusCode, string(content)
}

var (
	things = datadir.Collection{Tenant: "t", Name: "things"}
	made   = datadir.Collection{Tenant: "t", Name: "new"}
)

// requests are those that pass a gate: what they write to, and whether they grow the log.
var requests = []struct {
	method, path, body string
	collection         *datadir.Collection
	grows              bool
}{
	{http.MethodPost, "/collections", creation, &made, true},
	{http.MethodPost, "/collections/things/documents", "{}", &things, true},
	{http.MethodDelete, "/collections/things/documents/1", "", &things, false},
	{http.MethodPost, "/collections/things/index/rebuild", "{}", &things, false},
	{http.MethodDelete, "/collections/things", "", &things, false},
	{http.MethodDelete, "/collections/th%69ngs", "", &things, false},
	{http.MethodPost, "/collections/things/search", "{}", nil, false},
	{http.MethodGet, "/collections/things/documents/1", "", nil, false},
	{http.MethodPut, "/tenants/t/quota", "{}", nil, false},
	{http.MethodGet, "/health", "", nil, false},
}

func TestAnswersOfWritesWait(t *testing.T) {
	for _, request := range requests {
		for status, waits := range map[int]bool{http.StatusOK: true, http.StatusCreated: true, http.StatusBadRequest: false, http.StatusInternalServerError: false, 0: false} {
			asked, behind := &log{}, &server{status: status}
			got, _ := ask(t, gate.New(behind, asked, space{}), request.method, request.path, request.body)
			require.Equal(t, status, got)
			require.Equal(t, 1, behind.asked)
			if request.collection == nil || !waits {
				require.Empty(t, asked.committed, request.path)
				continue
			}
			require.Equal(t, []datadir.Collection{*request.collection}, asked.committed, request.path)
		}
		behind := &server{status: http.StatusOK}
		got, _ := ask(t, gate.New(behind, nil, space{}), request.method, request.path, request.body)
		require.Equal(t, http.StatusOK, got, "without a log")
	}
}

func TestAWriteThatIsNotOnTheDisk(t *testing.T) {
	behind := &server{status: http.StatusOK}
	got, said := ask(t, gate.New(behind, &log{failure: errors.New("no disk")}, space{}), http.MethodPost, "/collections/things/documents", "{}")
	require.Equal(t, http.StatusInternalServerError, got)
	require.JSONEq(t, `{"error":"the write is in the database, and may be gone after a crash of the node: no disk. Write it again"}`, said)
	require.Equal(t, 1, behind.asked)

	got, said = ask(t, gate.New(behind, &log{broken: errors.New("no disk")}, space{}), http.MethodPost, "/collections/things/documents", "{}")
	require.Equal(t, http.StatusInternalServerError, got)
	require.JSONEq(t, `{"error":"the write was not made: no disk. The agent writes the log anew; try again"}`, said)
	require.Equal(t, 1, behind.asked, "the server is not asked")
}

func TestWritesThatGrowTheLogNeedSpace(t *testing.T) {
	for _, request := range requests {
		behind := &server{status: http.StatusOK}
		got, said := ask(t, gate.New(behind, nil, space{errors.New("the disk is full")}), request.method, request.path, request.body)
		if request.grows {
			require.Equal(t, http.StatusInsufficientStorage, got)
			require.JSONEq(t, `{"error":"the disk is full"}`, said)
			require.Zero(t, behind.asked)
			continue
		}
		require.Equal(t, http.StatusOK, got, request.path)
	}
}

func TestACollectionWithoutAName(t *testing.T) {
	behind := &server{status: http.StatusOK}
	got, said := ask(t, gate.New(behind, &log{}, space{}), http.MethodPost, "/collections", "{}")
	require.Equal(t, http.StatusBadRequest, got)
	require.Contains(t, said, "the body cannot be read: name: ")
	require.Zero(t, behind.asked)
}
