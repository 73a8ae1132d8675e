package report

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/chaos"
	"github.com/barq-db/barq-operator/test/testbed"
)

// found are the results of a fault that did no harm and of one that did.
func found() *chaos.Results {
	return &chaos.Results{
		Started:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Parameters: chaos.Parameters{Clusters: 3, Seed: 7},
		Rows: []*chaos.Row{
			{
				Fault: "good", Does: "Nothing.", Clusters: 3, Injected: 5,
				Phases: []chaos.Phase{{Name: "install", Seconds: 2, Converged: 0.25, Revisions: 1}, {Name: "delete"}},
				Before: chaos.Holdings{Goroutines: 100, HeapMiB: 8}, After: chaos.Holdings{Goroutines: 101, HeapMiB: 8.5},
			},
			{
				Fault: "bad", Does: "All.", Clusters: 3, Injected: 1,
				Phases:     []chaos.Phase{{Name: "install", UnderWay: 1, Objects: 2, Restarts: 3}},
				Violations: []string{"install: 1", "2", "3", "4", "5", "6"},
			},
		},
	}
}

func TestTable(t *testing.T) {
	rows := table(found())
	require.Equal(t, []string{"good", "3", "install", "5", "2.0", "0.2", "0", "0", "0", "1", "100, then 101", "8.0, then 8.5", "held"}, rows[2])
	require.Equal(t, []string{"", "", "delete", "", "0.0", "0.0", "0", "0", "0", "0", "", "", ""}, rows[3])
	require.Equal(t, []string{"bad", "3", "install", "1", "0.0", "0.0", "1", "2", "3", "0", "0, then 0", "0.0, then 0.0", "failed"}, rows[4])
	for _, row := range rows {
		require.Len(t, row, len(rows[0]))
	}
}

func TestVerdict(t *testing.T) {
	results := found()
	require.EqualError(t, Verdict(results), "not all held under bad; --seed 7 makes the same random choices again")
	results.Rows = results.Rows[:1]
	require.NoError(t, Verdict(results))
}

func TestDocumentIsWritten(t *testing.T) {
	folder := t.TempDir()
	page := filepath.Join(folder, "reliability.md")
	begin, end := Page.Markers()
	require.NoError(t, os.WriteFile(page, []byte("before\n"+begin+"\nold\n"+end+"\nafter\n"), 0o600))
	require.NoError(t, WriteDocs(folder, found()))
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, "before\n"+begin+"\n"+Markdown(found())+end+"\nafter\n", string(text))
	require.Contains(t, string(text), "What did not hold under bad, 6 in all:\n\n```\ninstall: 1\n```\n")
	require.NotContains(t, string(text), "\n6\n")
	beside, err := testbed.ReadResults[chaos.Results](Page.Beside(folder, "results.json"))
	require.NoError(t, err)
	require.Equal(t, found(), beside)
}

func TestRowsOfRunsBeforeAreCalledSo(t *testing.T) {
	results := found()
	require.Empty(t, earlier(results))
	results.Rows[0].Operator, results.Rows[1].Operator = "abc", "abc"
	require.Equal(t, "\nFrom a run before, with the operator of commit abc: `good`, `bad`.\n", earlier(results))
}

func TestResultsAreReadAsTheyWereWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	require.NoError(t, testbed.WriteResults(file, found()))
	read, err := testbed.ReadResults[chaos.Results](file)
	require.NoError(t, err)
	require.Equal(t, found(), read)
}
