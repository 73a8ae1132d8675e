package chaos_test

import (
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	"k8s.io/klog/v2"

	"github.com/barq-db/barq-operator/test/chaos"
	"github.com/barq-db/barq-operator/test/chaos/report"
)

// Every fault is made, with so few BarqClusters that it takes minutes. The random choices are the same in each run.
func TestAFewFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a cluster, and takes a quarter of an hour")
	}
	klog.SetLogger(logr.Discard())
	parameters := chaos.Parameters{
		Faults:   chaos.Names(),
		Clusters: 3, Killed: 6, Bad: 20, Steps: 3, Edits: 50,
		FaultTime: 10 * time.Second, Patience: 3 * time.Minute, Seed: 1,
	}
	var kept int
	results, err := chaos.Run(t.Context(), "../..", t.TempDir(), parameters, os.Stderr, func(results *chaos.Results) error {
		kept++
		require.Len(t, results.Rows, kept)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, len(parameters.Faults), kept)
	t.Log(report.Markdown(results))
	require.Len(t, results.Rows, len(parameters.Faults))
	for _, row := range results.Rows {
		require.Positive(t, row.Injected, row.Fault)
		require.GreaterOrEqual(t, len(row.Phases), 3, row.Fault)
		for _, violation := range row.Violations {
			t.Errorf("%s: %s", row.Fault, violation)
		}
	}
}
