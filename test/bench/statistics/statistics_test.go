package statistics_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/bench/statistics"
)

func TestSummarize(t *testing.T) {
	require.Equal(t, statistics.Summary{Count: 1, Min: 7, Median: 7, Max: 7}, statistics.Summarize([]float64{7}))
	require.Equal(t, statistics.Summary{Count: 4, Min: 1, Median: 2.5, Max: 9}, statistics.Summarize([]float64{9, 1, 3, 2}))
}

func TestQuantile(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	for q, want := range map[float64]float64{0: 1, 0.25: 2, 0.5: 3, 0.95: 4.8, 1: 5} {
		require.InDelta(t, want, statistics.Quantile(values, q), 1e-9, "%v", q)
	}
	require.Equal(t, []float64{5, 1, 4, 2, 3}, values, "the values are left in their order")
}

func TestFit(t *testing.T) {
	line, ok := statistics.Fit([]statistics.Point{{X: 0, Y: 1}, {X: 1, Y: 3}, {X: 2, Y: 5}})
	require.True(t, ok)
	require.InDelta(t, 1, line.Intercept, 1e-9)
	require.InDelta(t, 2, line.Slope, 1e-9)

	_, ok = statistics.Fit([]statistics.Point{{X: 50, Y: 1}, {X: 50, Y: 3}})
	require.False(t, ok, "one N says nothing about growth")
	_, ok = statistics.Fit(nil)
	require.False(t, ok)
}
