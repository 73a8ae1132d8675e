package watches_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/watches"
)

const good = `- group: barq.db
  version: v1alpha1
  kind: BarqCluster
  chart: charts/db
  watchDependentResources: true
  reconcilePeriod: 10m
  maxConcurrentReconciles: 4
`

func load(t *testing.T, content string) (*watches.Watch, error) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "charts/db"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "charts/db/Chart.yaml"), []byte("apiVersion: v2\nname: db\nversion: 1.0.0\n"), 0o600))
	path := filepath.Join(folder, "watches.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	t.Chdir(folder)
	return watches.Load("watches.yaml", v1alpha1.BarqClusterKind)
}

func TestLoad(t *testing.T) {
	watch, err := load(t, good)
	require.NoError(t, err)
	require.Equal(t, "db", watch.Chart.Name())
	require.Equal(t, v1alpha1.BarqClusterKind, watch.GroupVersionKind)
	require.True(t, watch.WatchDependentResources)
	require.Equal(t, 10*time.Minute, watch.ReconcilePeriod.Duration)
	require.Equal(t, 4, watch.MaxConcurrentReconciles)
}

func TestLoadIsStrict(t *testing.T) {
	for name, test := range map[string]struct{ content, want string }{
		"misspelt key": {good + "  reconcilePeriods: 1m\n", `watches file watches.yaml: error unmarshaling JSON: while decoding JSON: json: unknown field "reconcilePeriods"`},
		"nothing":      {"", "watches file watches.yaml: has 0 entries; write one, for barq.db/v1alpha1, Kind=BarqCluster"},
		"two":          {good + good, "watches file watches.yaml: has 2 entries; write one, for barq.db/v1alpha1, Kind=BarqCluster"},
		"empty entry": {"- {}", "watches file watches.yaml: group, version, kind: must be barq.db, v1alpha1, BarqCluster\n" +
			"chart: is missing; write the folder of the chart\n" +
			"reconcilePeriod: must be at least a second; write for instance 10m\n" +
			"maxConcurrentReconciles: must be at least 1"},
		"no such chart": {
			"- {group: barq.db, version: v1alpha1, kind: BarqCluster, chart: none, reconcilePeriod: 1m, maxConcurrentReconciles: 1}",
			"watches file watches.yaml: chart none: Chart.yaml file is missing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, test.content)
			require.EqualError(t, err, test.want)
		})
	}
}
