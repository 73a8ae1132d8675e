package release

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

func TestInstallsThatWaitAreAmongTheMetrics(t *testing.T) {
	require.NoError(t, showWaiting(newOrder(2)))
	turns := newOrdered(t, 2)
	require.NoError(t, showWaiting(turns.order), "in place of the one before")
	shown := func() float64 {
		families, err := metrics.Registry.Gather()
		require.NoError(t, err)
		for _, family := range families {
			if family.GetName() == waitingMetric {
				require.Len(t, family.GetMetric(), 1)
				return family.GetMetric()[0].GetGauge().GetValue()
			}
		}
		require.Fail(t, "no such metric", waitingMetric)
		return 0
	}
	require.Zero(t, shown())
	turns.makes(t, "a", "b", "c")
	gets(t, turns.next(), "a")
	worker := turns.next()
	turns.stillWaits(t, worker, 2)
	require.InDelta(t, 2, shown(), 0)
	turns.done("a")
	gets(t, worker, "b")
	require.InDelta(t, 1, shown(), 0)
}
