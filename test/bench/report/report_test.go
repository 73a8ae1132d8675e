package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/bench"
	"github.com/barq-db/barq-operator/test/machine"
	"github.com/barq-db/barq-operator/test/markdown"
	"github.com/barq-db/barq-operator/test/testbed"
)

func sample(contender string, clusters, round int, figure string, value float64) bench.Sample {
	return bench.Sample{Contender: contender, Clusters: clusters, Round: round, Figure: figure, Value: value}
}

// measured are the results of two rounds.
func measured() *bench.Results {
	const ready, cpu, requests, memory = "install/ready/seconds", "install/quiet/cpu-seconds-per-cluster", "install/quiet/requests-per-cluster", "install/memory/MiB"
	results := &bench.Results{
		Started:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Machine:    machine.Machine{CPU: "Processor", Cores: 2, Memory: 4 << 30, System: "Linux", Versions: map[string]string{"operator": "abc", "Go": "go1"}},
		Parameters: bench.Parameters{Clusters: []int{50, 200}, Rounds: 2, Workers: 4},
		Objects:    7,
		Requests: []bench.Requests{
			{Contender: bench.Operator, Clusters: 200, Round: 1, Phase: "install/quiet", Verb: "create", Resource: "services", Count: 400},
			{Contender: bench.Operator, Clusters: 200, Round: 2, Phase: "install/quiet", Verb: "create", Resource: "services", Count: 400},
			{Contender: bench.Limit, Clusters: 200, Round: 1, Phase: "install/quiet", Verb: "patch", Resource: "services", Count: 400},
			{Contender: bench.Limit, Clusters: 50, Round: 1, Phase: "install/quiet", Verb: "patch", Resource: "secrets", Count: 1},
		},
	}
	for round := 1; round <= 2; round++ {
		results.Samples = append(results.Samples,
			sample(bench.Operator, 50, round, ready, 4), sample(bench.Operator, 200, round, ready, 20*float64(round)),
			sample(bench.Limit, 200, round, ready, 10),
			sample(bench.Operator, 200, round, cpu, 0.05), sample(bench.Stock, 200, round, cpu, 0.25),
			sample(bench.Operator, 50, round, requests, 14), sample(bench.Operator, 200, round, requests, 14),
			sample(bench.Operator, 50, round, memory, 60), sample(bench.Operator, 200, round, memory, 90),
		)
	}
	return results
}

func TestTargets(t *testing.T) {
	rows := map[string][]string{}
	for _, row := range targetsTable(measured()) {
		rows[row[0]] = row[1:]
	}
	for work, want := range map[string][]string{
		"requests per installed cluster, until quiet": {"the objects of the chart + 9", "200", "14.0", "16.0", "met"},
		"CPU per installed cluster, until quiet":      {"1/10 of stock", "200", "0.200", "0.100", "missed"},
		"all applied until Ready":                     {"1.8 times the limit", "200", "3.00", "1.80", "missed"},
		"peak memory":                                 {"200 MiB", "200", "90.0", "200", "met"},
		"restart: writes":                             {"0", "200", "", "0", "not measured"},
		"growth of requests per cluster":              {"10%", "50 to 200", "14.0 +0 for each further 1000", "15.4", "met"},
		"growth of memory per cluster":                {"10%", "50 to 200", "1.45 -5 for each further 1000", "1.32", "met"},
		"growth of CPU per cluster":                   {"10%", "", "", "", "not measured"},
	} {
		require.Equal(t, want, rows[work], work)
	}
	require.Len(t, rows, 1+1+len(targets(7))+3)
}

// The time until all are Ready is held to the target with 500 clusters too, which other work need not be measured with.
func TestTargetsOfInstallsAlone(t *testing.T) {
	const ready = "install/ready/seconds"
	results := measured()
	results.Parameters.Clusters, results.Parameters.InstallOnly = []int{1000, 50, 200}, []int{500}
	results.Samples = append(results.Samples, sample(bench.Operator, 500, 1, ready, 90), sample(bench.Limit, 500, 1, ready, 60))
	require.Equal(t, markdown.Table{
		{"all applied until Ready", "1.8 times the limit", "500", "1.50", "1.80", "met"},
		{"all applied until Ready", "1.8 times the limit", "1000", "", "1.80", "not measured"},
	}, targetsTable(results)[1:3])
	require.Equal(t, "200", targetsTable(results)[3][2], "the largest that was measured")
	require.Contains(t, Markdown(results), "Rounds: 2 with 50 clusters, 2 with 200 clusters, 1 with 500 clusters, 0 with 1000 clusters.\n")
}

// The stock operator takes an hour with 1,000 clusters: what is measured with them is compared with its edits among fewer.
func TestEditsAreComparedWithTheStockOperatorAmongFewer(t *testing.T) {
	results := measured()
	results.Samples = append(results.Samples,
		sample(bench.Stock, 50, 1, "edit/p50-seconds", 0.5), sample(bench.Operator, 50, 1, "edit/p95-seconds", 0.4),
		sample(bench.Operator, 200, 1, "edit/p95-seconds", 0.1), sample(bench.Operator, 200, 1, "edit-while-installing/p95-seconds", 0.6))
	rows := map[string][]string{}
	for _, row := range targetsTable(results) {
		rows[row[0]] = row[1:]
	}
	require.Equal(t, []string{"1/4 of stock's p50", "200", "0.200", "0.250", "met"}, rows["edit until StatefulSet changed, p95"])
	require.Equal(t, []string{"stock's p50", "200", "1.20", "1.00", "missed"}, rows["the same while as many are being installed, p95"])
}

func TestGrowthIsSeen(t *testing.T) {
	results := measured()
	results.Samples = append(results.Samples, sample(bench.Operator, 1000, 1, "install/quiet/requests-per-cluster", 16))
	require.Equal(t, "missed", growthRows(summaries(results))[1][5])
}

func TestFigures(t *testing.T) {
	require.Equal(t, `| figure                | clusters | operator           | stock | limit              | operator/stock | operator/limit | stock/limit |
|-----------------------|----------|--------------------|-------|--------------------|----------------|----------------|-------------|
| install/ready/seconds | 50       | 4.00 / 4.00 / 4.00 |       |                    |                |                |             |
| install/ready/seconds | 200      | 20.0 / 30.0 / 40.0 |       | 10.0 / 10.0 / 10.0 |                | 3.00           |             |
`, figuresTable(measured())[:3].String())
}

func TestRequests(t *testing.T) {
	require.Equal(t, markdown.Table{
		{"verb", "resource", "operator", "stock", "limit"},
		{"create", "services", "2.00", "", ""},
		{"patch", "services", "", "", "1.00"},
	}, requestsTable(measured(), "install/quiet", 200, compared))
}

func TestNumber(t *testing.T) {
	for want, value := range map[string]float64{"0": 0, "0.00123": 0.001234, "1.23": 1.234, "12.3": 12.34, "1234": 1234.4, "-2.93": -2.934} {
		require.Equal(t, want, number(value))
	}
}

func TestPicturesAreWellFormed(t *testing.T) {
	for _, p := range pictures {
		for _, results := range []*bench.Results{measured(), {Parameters: bench.Parameters{Clusters: []int{50}}}} {
			var drawn bytes.Buffer
			require.NoError(t, drawPicture(&drawn, p, results))
			decoder := xml.NewDecoder(&drawn)
			for {
				_, err := decoder.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err, p.File)
			}
		}
	}
}

func TestNiceStep(t *testing.T) {
	for value, want := range map[float64]float64{0.03: 0.05, 1: 1, 1.1: 2, 7: 10, 130: 200} {
		require.InEpsilon(t, want, niceStep(value), 1e-9)
	}
}

func TestDocumentsAreWritten(t *testing.T) {
	folder := t.TempDir()
	page := filepath.Join(folder, "benchmarks.md")
	begin, end := Page.Markers()
	require.NoError(t, os.WriteFile(page, []byte("before\n"+begin+"\nold\n"+end+"\nafter\n"), 0o600))
	results := measured()
	// Twice, because the second time there is something to replace.
	require.NoError(t, WriteDocs(folder, results))
	require.NoError(t, WriteDocs(folder, results))

	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, "before\n"+begin+"\n"+Markdown(results)+end+"\nafter\n", string(text))
	require.Contains(t, string(text), "Measured on 2 January 2026: Processor, 2 cores shared with the control plane, 4 GiB, Linux.\nVersions: Go go1, operator abc.\n")
	stored, err := testbed.ReadResults[bench.Results](filepath.Join(folder, "benchmarks", "results.json"))
	require.NoError(t, err)
	require.Equal(t, results, stored)
	for _, p := range pictures {
		require.FileExists(t, filepath.Join(folder, "benchmarks", p.File))
	}

	require.NoError(t, os.WriteFile(page, []byte("before\n"), 0o600))
	require.ErrorContains(t, WriteDocs(folder, results), "benchmarks.md: has not the lines")
}

// A run of this operator alone, with agents and without, has a part of the page of its own.
func TestTheQuestionsToAgents(t *testing.T) {
	folder := t.TempDir()
	page := filepath.Join(folder, "benchmarks.md")
	begin, end := Page.Markers()
	first, last := askingPage.Markers()
	const others = "old figures\n"
	require.NoError(t, os.WriteFile(page, []byte(begin+"\n"+others+end+"\n"+first+"\n"+last+"\n"), 0o600))
	results := measured()
	results.Parameters.Contenders = []string{bench.Operator, bench.Asking}
	results.Samples = append(results.Samples,
		sample(bench.Operator, 200, 1, "idle/cpu-seconds-per-minute", 0.6), sample(bench.Asking, 200, 1, "idle/cpu-seconds-per-minute", 1.2),
		sample(bench.Asking, 200, 1, "idle/questions-per-minute", 400))
	results.Requests = append(results.Requests,
		bench.Requests{Contender: bench.Asking, Clusters: 200, Round: 1, Phase: "install/quiet", Verb: "create", Resource: "secrets", Count: 200})
	require.NoError(t, WriteDocs(folder, results))
	written, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, begin+"\n"+others+end+"\n"+first+"\n"+askingMarkdown(results)+last+"\n", string(written))
	require.Contains(t, string(written), `
| figure                                      | clusters | operator | asking |
|---------------------------------------------|----------|----------|--------|
| install: requests for each BarqCluster      | 50       | 14.0     |        |
| install: requests for each BarqCluster      | 200      | 14.0     |        |
| install: CPU for each BarqCluster, ms       | 200      | 50.0     |        |
| install: peak memory, MiB                   | 50       | 60.0     |        |
| install: peak memory, MiB                   | 200      | 90.0     |        |
| idle: CPU, percent of a core                | 200      | 1.00     | 2.00   |
| idle: CPU for each BarqCluster and hour, ms | 200      | 180      | 360    |
| idle: questions to each agent in a minute   | 200      |          | 2.00   |

Requests of an install until quiet, for each cluster, at the largest number of clusters:

| verb   | resource | operator | asking |
|--------|----------|----------|--------|
| create | services | 2.00     |        |
| create | secrets  |          | 1.00   |
`)
	require.NoFileExists(t, filepath.Join(folder, "benchmarks", "results.json"))
	stored, err := testbed.ReadResults[bench.Results](filepath.Join(folder, "benchmarks", "asking.json"))
	require.NoError(t, err)
	require.Equal(t, results, stored)

	// A run of all contenders has both.
	results.Parameters.Contenders = bench.Contenders()
	require.NoError(t, WriteDocs(folder, results))
	written, err = os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, begin+"\n"+Markdown(results)+end+"\n"+first+"\n"+askingMarkdown(results)+last+"\n", string(written))
}
