package bench_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/bench"
	"github.com/barq-db/barq-operator/test/bench/report"
)

// Everything is measured once, so little that it says nothing about cost: only that it can be measured, and what does not
// depend on the machine.
func TestAFewClusters(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a cluster, and builds the stock operator")
	}
	parameters := bench.Parameters{
		Contenders: bench.Contenders(), Measurements: bench.Measurements(),
		Clusters: []int{2}, Rounds: 1, Workers: 2, Edits: 2, Repairs: 1, Unrelated: 1,
		IdleTime: time.Second, QuietTime: time.Second, ReconcilePeriod: 10 * time.Minute,
		Profile: 2 * time.Second,
	}
	folder := t.TempDir()
	var kept []int
	results, err := bench.Run(t.Context(), "../..", folder, parameters, os.Stderr, func(results *bench.Results) error {
		kept = append(kept, len(results.Samples))
		return nil
	})
	require.NoError(t, err)
	require.Len(t, kept, len(bench.Contenders()))
	require.Equal(t, len(results.Samples), kept[len(kept)-1])

	measured := map[string]map[string]float64{}
	for _, sample := range results.Samples {
		if measured[sample.Contender] == nil {
			measured[sample.Contender] = map[string]float64{}
		}
		measured[sample.Contender][sample.Figure] = sample.Value
	}
	for _, contender := range bench.Contenders() {
		require.Positive(t, measured[contender]["install/ready/seconds"], contender)
		require.Positive(t, measured[contender]["install/memory/MiB"], contender)
		require.Positive(t, measured[contender]["delete/gone/seconds"], contender)
	}
	for _, figure := range []string{"edit/p95-seconds", "edit-while-installing/p95-seconds"} {
		require.Positive(t, measured[bench.Operator][figure], figure)
		require.Positive(t, measured[bench.Limit][figure], figure)
	}
	for _, contender := range []string{bench.Operator, bench.Asking} {
		for figure, want := range map[string]float64{
			"noop/requests-per-cluster": 0, "restart/writes": 0, "restart/releases": 0, "idle/requests-per-minute": 0,
		} {
			value, found := measured[contender][figure]
			require.True(t, found, contender, figure)
			require.InDelta(t, want, value, 0, contender, figure)
		}
	}
	// A start asks each agent, and what it says is no news.
	require.GreaterOrEqual(t, measured[bench.Asking]["restart/questions-per-cluster"], 1.)
	require.Positive(t, measured[bench.Asking]["restart/questions-in-the-busiest-second"])
	require.Contains(t, measured[bench.Asking], "idle/questions-per-minute")
	require.Equal(t, 2*2, secretsMadeBy(bench.Asking, results), "the record of the release and the certificates of the agents, of each")
	require.Positive(t, measured[bench.Stock]["noop/requests-per-cluster"])
	require.InDelta(t, results.Objects, measured[bench.Limit]["install/quiet/writes-per-cluster"], 0)
	require.NoError(t, report.Print(os.Stdout, results))

	for _, measurement := range []string{bench.Install, bench.Edit} {
		profiled, err := os.ReadFile(filepath.Join(folder, "bench-operator-2-1-"+measurement+".pprof"))
		require.NoError(t, err)
		unpacked, err := gzip.NewReader(bytes.NewReader(profiled))
		require.NoError(t, err, "profiles are compressed")
		content, err := io.ReadAll(unpacked)
		require.NoError(t, err)
		require.Contains(t, string(content), "barq-operator/internal/", measurement)
	}
}

// secretsMadeBy returns how many Secrets a contender made to install all clusters.
func secretsMadeBy(contender string, results *bench.Results) int {
	made := 0
	for _, r := range results.Requests {
		if r.Contender == contender && r.Phase == "install/quiet" && r.Verb == "create" && r.Resource == "secrets" {
			made += r.Count
		}
	}
	return made
}

func TestParametersThatMakeNoSense(t *testing.T) {
	_, err := bench.Run(t.Context(), "../..", t.TempDir(), bench.Parameters{
		Contenders: []string{"another"}, Clusters: []int{0}, InstallOnly: []int{0}, StockUpTo: -1, Rounds: 1, Workers: 1, Edits: 1, Repairs: 1,
	}, nil, nil)
	require.EqualError(t, err, `contenders: "another" is unknown; known are [operator asking stock limit]
n: name at least one number of clusters, each at least 1
install-only: 0 must be at least 1, and not among those of n
stock-up-to: must be at least 0, which is no limit`)
}
