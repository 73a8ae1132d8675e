//go:build linux

package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/agenttest"
	"github.com/barq-db/barq-operator/internal/agent/compact"
	"github.com/barq-db/barq-operator/internal/agent/door"
	"github.com/barq-db/barq-operator/internal/agent/metrics"
	"github.com/barq-db/barq-operator/internal/barq/ending"
	"github.com/barq-db/barq-operator/internal/barq/schema"
	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/walline"
	"github.com/barq-db/barq-operator/internal/barq/walline/wallinetest"
	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// startPatience is how long a start may take where all processors are busy with inputs.
const startPatience = 2 * time.Minute

// startAlone starts the server without an agent, and returns a client of it once it serves. It returns nil if
// the server does not start because of its data.
func startAlone(t *testing.T, data *os.Root) *client.Client {
	t.Helper()
	address := net.JoinHostPort(ownAddress(), "8080")
	said := filepath.Join(t.TempDir(), "said")
	file, err := os.Create(said)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	command := exec.Command(serverProgram)
	command.Env = append(os.Environ(), "BARQ_ADDR="+address, "BARQ_STORAGE_DIR="+data.Name(), "RUST_LOG=error", "RUST_BACKTRACE=0")
	command.Stderr = file
	server := start(t, command, 0)
	asking := client.New("http://" + address)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	asking.HTTP = client.NewHTTPClient(transport)
	for deadline := time.Now().Add(startPatience); asking.Health(t.Context()) != nil; {
		select {
		case <-server.ended:
			words := content(t, said)
			cause := ending.Why(ending.End{Code: server.state.ExitCode()}, words)
			require.Contains(t, []ending.Reason{ending.Log, ending.Schema}, cause.Reason, words)
			return nil
		case <-time.After(moment):
			require.True(t, time.Now().Before(deadline), "the server neither serves nor ends")
		}
	}
	return asking
}

// answered is what a server said to a request.
type answered struct {
	request string
	status  int
	// body is the answer, as JSON whose members have no order.
	body any
}

// stateOf returns all that a server has of the collection things: how much it is, what searches find in which order,
// and each document that they find. It returns nil if the server does not start.
func stateOf(t *testing.T, data *os.Root) []answered {
	t.Helper()
	server := startAlone(t, data)
	if server == nil {
		return nil
	}
	usage, err := server.Usage(t.Context(), "default")
	require.NoError(t, err)
	usage.CurrentQPS = 0
	all := []answered{{request: "usage", body: usage}}
	ask := func(method, path, body string) string {
		answer, err := server.Send(t.Context(), method, path, "application/json", body)
		require.NoError(t, err)
		said := answered{request: path + body, status: answer.Status, body: answer.Body}
		var read any
		decoder := json.NewDecoder(strings.NewReader(answer.Body))
		decoder.UseNumber()
		if decoder.Decode(&read) == nil {
			said.body = read
		}
		all = append(all, said)
		return answer.Body
	}
	var found struct{ Results []client.Hit }
	for _, vector := range []string{"[0,0]", "[1,2]", "[-3,0.5]", "[500,1]"} {
		body := ask(http.MethodPost, "/collections/things/search", fmt.Sprintf(`{"vector":%s,"top_k":%d}`, vector, 1<<20))
		require.NoError(t, json.Unmarshal([]byte(body), &found), body)
	}
	for _, hit := range found.Results {
		ask(http.MethodGet, "/collections/things/documents/"+url.PathEscape(hit.ID.String()), "")
	}
	return all
}

// FuzzServerReads compares the server with internal/barq/wal, which tells the agent what the server will read.
func FuzzServerReads(f *testing.F) {
	for line := range wallinetest.Lines() {
		f.Add([]byte(line + "\n"))
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		data := agenttest.Files{agenttest.Schema: wallinetest.Schema, agenttest.Log: string(log)}.Write(t)
		require.Equal(t, wallinetest.Starts(t, log), startAlone(t, data) != nil)
	})
}

// FuzzServerAfterRepair repairs any log and segment. The server starts then, and has what it has of the records that were
// in them.
func FuzzServerAfterRepair(f *testing.F) {
	agenttest.AddLogs(f)
	f.Fuzz(func(t *testing.T, log, segment []byte) {
		damaged := agenttest.Files{agenttest.Schema: wallinetest.WrittenSchema, agenttest.Log: string(log), agenttest.Rotated: string(segment)}
		data := damaged.Write(t)
		if !agenttest.RepairAll(t, data) {
			t.Skip("no person can decide so")
		}
		readable := agenttest.Files{agenttest.Schema: wallinetest.WrittenSchema, agenttest.Log: records(t, segment) + records(t, log)}
		expected := stateOf(t, readable.Write(t))
		require.NotNil(t, expected, "the server does not read what the agent takes for readable")
		require.Equal(t, expected, stateOf(t, data))
	})
}

// records returns the records of a log: each line that can be read, and what the others have of records.
func records(t *testing.T, log []byte) string {
	t.Helper()
	read, err := schema.Parse([]byte(wallinetest.WrittenSchema))
	require.NoError(t, err)
	within := map[int]string{}
	_, err = wal.Scan(bytes.NewReader(log), read.Rules(), func(damage wal.Damage, text []byte) error {
		for _, piece := range damage.Pieces {
			if piece.Kind == walline.Good {
				within[damage.Line] += string(text[piece.Start:piece.End]) + "\n"
			}
		}
		return nil
	})
	require.NoError(t, err)
	var all strings.Builder
	number := 0
	checker := walline.NewChecker(read.Rules())
	for line := range bytes.SplitSeq(log, []byte("\n")) {
		number++
		if _, kind, _ := checker.Check(line); kind == walline.Good {
			all.WriteString(string(line) + "\n")
		} else {
			all.WriteString(within[number])
		}
	}
	return all.String()
}

// compactedSchema is that of a collection without texts. With the metric Dot and a vector of zeros a search finds all
// documents in the order of the server's list.
const compactedSchema = `{"name":"things","fields":[{"name":"vector","field_type":{"Vector":{"dimension":2,"metric":"Dot","index":null}},"required":true}],"bm25_config":null,"tenant_id":"default"}`

// maxDocuments is how many documents a history has at most. A target may take ten seconds for an input.
const maxDocuments = 40

// FuzzServerAfterCompaction compacts histories that begin with what can be read of any lines. The server has the same
// documents then, and finds them in the same order.
func FuzzServerAfterCompaction(f *testing.F) {
	lines := slices.Sorted(maps.Keys(wallinetest.Lines()))
	f.Add(uint64(1), uint8(3), uint8(60), uint8(20), []byte(strings.Join(lines, "\n")))
	f.Add(uint64(2), uint8(2), uint8(200), uint8(3), []byte(nil))
	read, err := schema.Parse([]byte(compactedSchema))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, seed uint64, segments, count, documents uint8, first []byte) {
		random := rand.New(rand.NewPCG(seed, 1))
		contents := []string{withPayload(first, read.Rules())}
		contents = append(contents, agenttest.History(random, 1+int(segments)%4, 1+int(count), 1+int(documents)%maxDocuments, false)...)
		files := agenttest.Files{agenttest.Schema: compactedSchema}
		var names []string
		for number, content := range contents {
			names = append(names, agenttest.Segment(number+1))
			files[agenttest.Folder+names[number]] = content
		}
		data := files.Write(t)
		folder, err := data.OpenRoot(agenttest.Folder)
		require.NoError(t, err)
		defer func() { require.NoError(t, folder.Close()) }()
		result, err := compact.Compact(t.Context(), folder, names, read, compact.Options{Duty: 1})
		require.NoError(t, err)
		require.True(t, result.Done, "%+v", result)
		expected := stateOf(t, files.Write(t))
		require.NotNil(t, expected, "the server does not read what the agent takes for readable")
		require.Equal(t, expected, stateOf(t, data))
	})
}

// withPayload returns the lines that can be read, without documents that have no payload. What has one is only for the
// server to say.
func withPayload(log []byte, rules walline.Rules) string {
	var kept strings.Builder
	checker := walline.NewChecker(rules)
	for line := range bytes.SplitSeq(log, []byte("\n")) {
		record, kind, _ := checker.Check(line)
		if kind == walline.Good && (record.Op == walline.Delete || record.Payload != walline.NoPayload) {
			kept.WriteString(string(line) + "\n")
		}
	}
	return kept.String()
}

// doorActions are the requests that FuzzDoor makes of a name and a body.
var doorActions = []func(name string) (method, path string){
	func(string) (string, string) { return http.MethodPost, "/collections" },
	func(name string) (string, string) { return http.MethodPost, "/collections/" + name + "/documents" },
	func(name string) (string, string) { return http.MethodPost, "/collections/" + name + "/index/rebuild" },
	func(name string) (string, string) { return http.MethodDelete, "/collections/" + name },
	func(name string) (string, string) { return http.MethodPost, "/" + name },
}

// FuzzDoor makes any requests. After those that the agent lets through and the server takes, the server starts again, and
// nothing is outside of the folders of tenants.
func FuzzDoor(f *testing.F) {
	for _, body := range []string{
		`{"id":1,"vector":[1,2],"payload":{"body":"x"}}`, `{"id":1,"vector":[1e39,2],"payload":{"body":"x"}}`,
		`{"id":"a","vector":[1,2],"payload":{"body":"x","lat":1,"lon":2},"upsert":true}`,
		`{"id":1,"vector":[1,2],"payload":{"body":"x","deep":` + strings.Repeat("[", 124) + strings.Repeat("]", 124) + `}}`,
	} {
		f.Add("default", "things", uint8(1), []byte(body))
	}
	for _, body := range []string{
		`{"name":"other","dimension":2,"metric":"L2"}`, `{"name":"things/","dimension":2,"metric":"L2"}`,
		`{"name":"ivf","dimension":2,"metric":"L2","index":{"Ivf":{"nlist":0,"nprobe":1,"pq":null}}}`, `["other",2,"L2"]`,
	} {
		f.Add("default", "", uint8(0), []byte(body))
	}
	f.Add("..", "things", uint8(0), []byte(`{"name":"a","dimension":2,"metric":"L2"}`))
	f.Add("default", "things", uint8(2), []byte(`{"index":{"Ivf":{"nlist":0,"nprobe":1,"pq":null}}}`))
	f.Add("default", "%2E%2E", uint8(3), []byte(nil))
	f.Add("default", "admin/compact", uint8(4), []byte(`{"tenant":"default","collection":"things"}`))
	f.Fuzz(func(t *testing.T, tenant, name string, action uint8, body []byte) {
		method, path := doorActions[int(action)%len(doorActions)](name)
		asked, err := http.NewRequestWithContext(t.Context(), method, "http://db"+path, bytes.NewReader(body))
		if err != nil {
			t.Skip("it is no request")
		}
		asked.Header.Set("Content-Type", "application/json")
		asked.Header.Set("X-Tenant-Id", tenant)
		data := agenttest.Files{agenttest.Schema: wallinetest.Schema, agenttest.Log: ""}.Write(t)
		server := startAlone(t, data)
		require.NotNil(t, server)
		opened, err := door.Open(door.Options{
			Address: "127.0.0.1:0", Server: strings.TrimPrefix(server.BaseURL, "http://"), Metrics: metrics.New(metrics.Sources{}),
		})
		require.NoError(t, err)
		defer func() { require.NoError(t, opened.Close(t.Context())) }()
		answer := httptest.NewRecorder()
		opened.ServeHTTP(answer, asked)
		if answer.Code >= http.StatusMultipleChoices {
			return
		}
		require.NotNil(t, startAlone(t, data), "%s %s of tenant %q: %s", method, path, tenant, body)
		outside, err := filepath.Glob(filepath.Join(data.Name(), "*"))
		require.NoError(t, err)
		require.Equal(t, []string{filepath.Join(data.Name(), "tenants")}, outside)
	})
}
