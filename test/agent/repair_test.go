//go:build linux

package agent

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// poison writes a document that the server takes and then cannot read.
func (a *agent) poison() {
	a.t.Helper()
	answer, err := a.Send(a.t.Context(), "POST", "/collections/things/documents", "application/json", `{"id":4711,"vector":[1e39,0],"payload":{"n":"x"}}`)
	require.NoError(a.t, err)
	require.Equal(a.t, 201, answer.Status, answer.Body)
}

func TestAPoisonedLog(t *testing.T) {
	first := serve(t, how{})
	first.fill(10)
	first.poison()
	first.insert(11)
	first.stop()

	refusing := launch(t, how{data: first.data, flags: []string{"--invalid-lines", "Refuse"}})
	require.Equal(t, 1, refusing.code())
	said := refusing.said()
	require.Equal(t, v1.ReasonLogNotIntact, said.Reason)
	require.Equal(t, []any{logOfThings, "default", "things"}, []any{said.File, said.Tenant, said.Collection})
	require.Contains(t, said.Message, "1 lines have to go, the first is line 11 (NoNumber), and log.invalidLines is Refuse")
	require.Equal(t, 12, strings.Count(content(t, filepath.Join(first.data, logOfThings)), "\n"), "nothing has changed")

	second := serve(t, how{data: first.data})
	second.requireDocuments(11)
	second.stop()
	lost := second.lines("acknowledged writes are taken out of the log")
	require.Len(t, lost, 1)
	require.Equal(t, []any{"things", "NoNumber", 1.0, 11.0}, []any{lost[0]["collection"], lost[0]["kind"], lost[0]["lines"], lost[0]["first"]})

	list := quarantined(t, first.data, "list")
	require.Len(t, list, 2)
	require.Equal(t, []string{logOfThings, "1"}, strings.Fields(list[1])[2:4])
	require.Equal(t, []string{"1", "open"}, strings.Fields(list[1])[5:])
	name := strings.Fields(list[1])[0]
	require.Contains(t, quarantined(t, first.data, "show", name)[1], "NoNumber  true  Insert  4711")
	require.Equal(t, []string{`{"op":{"Insert":{"id":{"U64":4711},"vector":[null,0.0],"payload":{"n":"x"}}}}`}, quarantined(t, first.data, "export", name))

	corrected := filepath.Join(t.TempDir(), "corrected")
	require.NoError(t, os.WriteFile(corrected, []byte(strings.ReplaceAll(quarantined(t, first.data, "export", name)[0], "null", "3.5")), 0o600))
	running := serve(t, how{data: first.data})
	_, err := quarantineCommand(first.data, "apply", name, corrected)
	require.ErrorContains(t, err, "exit status 1", "a server runs")
	running.stop()
	require.Equal(t, []string{"1 documents written to collection things of tenant default"}, quarantined(t, first.data, "apply", name, corrected))
	require.Equal(t, []string{"1", "closed"}, strings.Fields(quarantined(t, first.data, "list")[1])[5:])
	third := serve(t, how{data: first.data})
	missing, err := third.Missing(t.Context(), "things", client.Number(4711))
	require.NoError(t, err)
	require.Empty(t, missing)
	third.stop()
}

func quarantined(t *testing.T, data string, arguments ...string) []string {
	t.Helper()
	out, err := quarantineCommand(data, arguments...)
	require.NoError(t, err, out)
	return splitLines(out)
}

func quarantineCommand(data string, arguments ...string) (string, error) {
	out, err := exec.Command(agentProgram, append([]string{"quarantine", "--data", data}, arguments...)...).CombinedOutput()
	return string(out), err
}

func TestATornLog(t *testing.T) {
	first := serve(t, how{})
	first.fill(10)
	first.stop()
	log := filepath.Join(first.data, logOfThings)
	file, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"op":{"Insert":{"id":{"U64":11},"vec`)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	second := serve(t, how{data: first.data})
	second.insert(11)
	second.stop()
	require.Empty(t, second.lines("acknowledged writes are taken out of the log"))
	third := serve(t, how{data: first.data})
	third.requireDocuments(11)
	third.stop()
}

func TestATornSchemaComesBack(t *testing.T) {
	first := serve(t, how{})
	first.fill(10)
	first.eventually("the schema is copied", func() bool {
		_, err := os.Stat(filepath.Join(first.data, ".agent/schemas/default/things/schema.json"))
		return err == nil
	})
	first.stop()
	schema := filepath.Join(first.data, "tenants/default/collections/things/schema.json")
	whole := content(t, schema)
	require.NoError(t, os.Truncate(schema, 40))

	second := serve(t, how{data: first.data})
	second.requireDocuments(10)
	second.stop()
	require.Equal(t, whole, content(t, schema))
}

func splitLines(text string) []string {
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}
