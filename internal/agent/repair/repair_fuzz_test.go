package repair_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/agenttest"
	"github.com/barq-db/barq-operator/internal/agent/quarantine"
	"github.com/barq-db/barq-operator/internal/agent/repair"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// FuzzRepair repairs any log, with and without a segment. What comes out has only lines that the
// server reads, no line that it read before is missing, and every byte is in the log or in
// quarantine.
func FuzzRepair(f *testing.F) {
	agenttest.AddLogs(f)
	f.Fuzz(func(t *testing.T, log, segment []byte) {
		root := agenttest.Files{agenttest.Schema: sound, agenttest.Log: string(log), agenttest.Rotated: string(segment)}.Write(t)
		if !agenttest.RepairAll(t, root) {
			t.Skip("no person can decide so")
		}

		out := map[string]int{}
		eachPiece(t, root, func(entry quarantine.Entry, content []byte) { out[entry.File] += solid(content) })
		after := read(t, root)
		for name, before := range map[string][]byte{agenttest.Log: log, agenttest.Rotated: segment} {
			require.Equal(t, solid(before), solid([]byte(after[name]))+out[name], "every byte is somewhere")
			requireReadable(t, after[name])
			requireInOrder(t, readable(string(before)), strings.Split(after[name], "\n"))
		}
		require.Equal(t, repair.Plan{}, plan(t, root, repair.Options{Policy: repair.Quarantine}), "a repair leaves nothing to do")
	})
}

// solid counts the bytes that are no white space.
func solid(content []byte) int {
	count := 0
	for _, c := range content {
		if !strings.ContainsRune(" \t\r\n", rune(c)) {
			count++
		}
	}
	return count
}

// requireReadable checks each line with encoding/json, which must not refuse it, and the end.
func requireReadable(t *testing.T, content string) {
	t.Helper()
	lines := strings.Split(content, "\n")
	require.Empty(t, strings.TrimSpace(lines[len(lines)-1]), "the next write begins on a line of its own")
	for _, line := range lines {
		if strings.TrimSpace(line) != "" {
			require.True(t, json.Valid([]byte(line)), "%q", line)
		}
	}
}

// readable returns the lines that the server reads, of which each is read on its own.
func readable(content string) []string {
	var lines []string
	checker := walline.NewChecker(walline.Rules{Dimension: 2, Texts: []walline.Text{{Name: "body", Required: true}}})
	for line := range strings.SplitSeq(content, "\n") {
		if _, kind, _ := checker.Check([]byte(line)); kind == walline.Good {
			lines = append(lines, line)
		}
	}
	return lines
}

// requireInOrder checks that the lines are all there, in their order.
func requireInOrder(t *testing.T, want, lines []string) {
	t.Helper()
	for _, line := range lines {
		if len(want) > 0 && bytes.Equal([]byte(line), []byte(want[0])) {
			want = want[1:]
		}
	}
	require.Empty(t, want, "lines that could be read are gone")
}
