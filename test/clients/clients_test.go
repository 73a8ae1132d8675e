//go:build linux

package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/privatenetwork"
)

// call is what the test has to know of one.
type call struct {
	Over string `json:"over"`
	Do   string `json:"do"`
	Name string `json:"name"`
	// Refused says that the server answers with an error.
	Refused bool `json:"refused"`
	// Large is the length of a text for the payload, and Wide how many numbers the vector has. Neither is written out.
	Large int `json:"large"`
	Wide  int `json:"wide"`
	// Full says that it needs what the stand-in has not: filters, and searches for texts.
	Full bool `json:"full"`
}

func (c call) String() string { return c.Over + ": " + c.Name }

// answer is what a client made of an answer.
type answer struct {
	Answer json.RawMessage `json:"answer"`
	Error  json.RawMessage `json:"error"`
	// Lacks says that the client has no such call.
	Lacks bool `json:"lacks"`
	line  string
}

// different are the calls that the agent answers in another way than the server, with the reason. docs/agent.md lists them. Each fails
// through the agent.
var different = map[string]string{
	"http: create Hnsw":                       "searches give the wrong documents",
	"http: create Ivf with pq":                "searches give the wrong documents",
	"http: create with an index that is none": "the agent carries no body that it cannot read, and refuses it in its own words",
	"grpc: insert 3 MiB":                      "the agent asks the HTTP API, which takes 2 MiB",
	"grpc: insert 5 MiB":                      "a message that is too large has another code",
}

// Each client gets the same answers through the agent as from the server itself.
func TestClientsWorkUnchanged(t *testing.T) {
	if os.Getenv(sourceVariable) == "" {
		t.Skipf("%s does not name the sources of Barq DB", sourceVariable)
	}
	privatenetwork.Require(t)
	calls, file := readCalls(t)
	for _, language := range languages {
		t.Run(language.name, func(t *testing.T) {
			client := programs.Clients[language.name]
			if client.Skipped != "" {
				t.Skip(client.Skipped)
			}
			require.Empty(t, client.Failed, "it was not built")
			stop := serveStraight(t)
			straight := client.run(t, file, len(calls))
			stop()
			stop = serveThroughAgent(t)
			through := client.run(t, file, len(calls))
			stop()
			compare(t, calls, straight, through)
		})
	}
}

// readCalls returns the calls that each client makes, in their order, and the file with the whole of them.
func readCalls(t *testing.T) (calls []call, file string) {
	t.Helper()
	data, err := os.ReadFile("testdata/calls.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &calls))
	var whole []map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(data, &whole))
	for i, call := range calls {
		if call.Large > 0 {
			whole[i]["payload"] = marshal(t, map[string]string{"text": strings.Repeat("x", call.Large)})
		}
		if call.Wide > 0 {
			vector := make([]float32, call.Wide)
			for j := range vector {
				vector[j] = 1 / float32(i+j+1)
			}
			whole[i]["vector"] = marshal(t, vector)
		}
	}
	file = filepath.Join(t.TempDir(), "calls.json")
	require.NoError(t, os.WriteFile(file, marshal(t, whole), 0o600))
	return calls, file
}

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	require.NoError(t, err)
	return data
}

// run has a client make all calls.
func (c client) run(t *testing.T, file string, count int) []answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, c.Command[0], append(c.Command[1:], file)...)
	command.Env = append(withoutProxies(os.Environ()), "BARQ_HTTP=http://"+httpAddress, "BARQ_GRPC="+rpcAddress)
	var output, said bytes.Buffer
	command.Stdout, command.Stderr = &output, &said
	require.NoError(t, command.Run(), "%s%s", &output, &said)
	lines := strings.Split(strings.TrimSpace(output.String()), "\n")
	require.Len(t, lines, count, "%s", &said)
	var answers []answer
	for _, line := range lines {
		answer := answer{line: line}
		require.NoError(t, json.Unmarshal([]byte(line), &answer), "%s", line)
		answers = append(answers, answer)
	}
	return answers
}

// withoutProxies leaves out the variables that lead clients to a proxy, which is in another network.
func withoutProxies(variables []string) []string {
	var kept []string
	for _, variable := range variables {
		if name, _, _ := strings.Cut(variable, "="); !strings.HasSuffix(strings.ToLower(name), "_proxy") {
			kept = append(kept, variable)
		}
	}
	return kept
}

func compare(t *testing.T, calls []call, straight, through []answer) {
	t.Helper()
	same := 0
	var lacking []string
	for i, call := range calls {
		if straight[i].Lacks {
			lacking = append(lacking, call.String())
			continue
		}
		checkServer(t, call, straight[i])
		if reason := different[call.String()]; reason != "" && (!programs.IsStandIn || straight[i].line != through[i].line) {
			assert.NotEqual(t, straight[i].line, through[i].line, "%s is no exception any more", call)
			assert.NotEmpty(t, string(through[i].Error), "%s should be refused: %s", call, reason)
			t.Logf("%s: %s: %s", call, reason, through[i].line)
			continue
		}
		if assert.Equal(t, straight[i].line, through[i].line, call) {
			same++
		}
		t.Logf("%s: %s", call, straight[i].line)
	}
	t.Logf("%d calls have the same answer; the client lacks %d: %s", same, len(lacking), strings.Join(lacking, ", "))
}

// checkServer looks whether the server answers as the list of calls says, because two runs that both fail are the same too.
func checkServer(t *testing.T, call call, got answer) {
	t.Helper()
	switch {
	case call.Full && programs.IsStandIn:
		// The stand-in says that it cannot do it.
	case call.Refused:
		assert.NotEmpty(t, string(got.Error), "%s should be refused", call)
	case call.Do == "health":
		// The client for TypeScript makes false of an error.
		assert.Equal(t, "true", string(got.Answer), call)
	default:
		assert.Empty(t, string(got.Error), call)
	}
}
