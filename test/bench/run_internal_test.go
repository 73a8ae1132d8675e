package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnotherContenderBeginsInEachRound(t *testing.T) {
	contenders := []string{"a", "b", "c"}
	var order [][]string
	for round := range 4 {
		order = append(order, inTurn(contenders, round+1))
	}
	require.Equal(t, [][]string{{"a", "b", "c"}, {"b", "c", "a"}, {"c", "a", "b"}, {"a", "b", "c"}}, order)
}

func TestPhases(t *testing.T) {
	parameters := &Parameters{Measurements: Measurements(), Clusters: []int{50, 200}}
	count := func(contender string, clusters, round int) int {
		return len((&session{contender: contender, clusters: clusters, round: round, parameters: parameters}).phases())
	}
	require.Equal(t, 8, count(Operator, 200, 1))
	require.Equal(t, 6, count(Operator, 200, 2), "idling and memory once")
	require.Equal(t, 7, count(Operator, 50, 1), "memory with the most clusters")
	require.Equal(t, 4, count(Asking, 200, 1))
	require.Equal(t, 4, count(Stock, 200, 1))
	require.Equal(t, 2, count(Limit, 200, 1), "edits, which are of what it has made")

	parameters.Clusters, parameters.InstallOnly = []int{50, 1000}, []int{500}
	require.Equal(t, 2, count(Stock, 1000, 1), "its restart takes too long, and so do the passes after a reconcile period")
	require.Zero(t, count(Operator, 500, 1))

	parameters.Measurements = []string{Install, Delete}
	require.Zero(t, count(Operator, 200, 1), "both are in every session")
}

func TestTheLastSessionIsKnown(t *testing.T) {
	parameters := &Parameters{Contenders: []string{Operator, Stock}, Clusters: []int{50, 1000}, InstallOnly: []int{500}, Rounds: 2, StockUpTo: 500}
	var order, last []string
	for _, s := range sessions(nil, parameters, nil) {
		order = append(order, s.namespace)
		if s.isLast {
			last = append(last, s.namespace)
		}
	}
	require.Equal(t, []string{"bench-operator-500-2"}, last)
	require.Equal(t, []string{
		"bench-operator-50-1", "bench-stock-50-1", "bench-operator-1000-1", "bench-operator-500-1", "bench-stock-500-1",
		"bench-stock-50-2", "bench-operator-50-2", "bench-operator-1000-2", "bench-stock-500-2", "bench-operator-500-2",
	}, order)
}

func TestTheStockOperatorCanBeMeasuredWithFewAlone(t *testing.T) {
	parameters := &Parameters{StockUpTo: 50}
	require.False(t, parameters.leavesOut(Stock, 50))
	require.True(t, parameters.leavesOut(Stock, 51))
	require.False(t, parameters.leavesOut(Operator, 51))
	require.False(t, (&Parameters{}).leavesOut(Stock, 1000))
}

func TestTheBusiestSecond(t *testing.T) {
	agents := &agents{}
	ask := func(times int, at time.Time) {
		for range times {
			agents.asked.count(at)
		}
	}
	first := time.Unix(100, 0)
	ask(3, first)
	ask(5, first.Add(time.Second))
	ask(4, first.Add(1500*time.Millisecond))
	ask(2, first.Add(2*time.Second))
	found := agents.questions()
	require.Equal(t, []int{14, 9}, []int{found.total, found.busiest})
	ask(1, first.Add(2500*time.Millisecond))
	found = agents.questions()
	require.Equal(t, []int{15, 1}, []int{found.total, found.busiest}, "those before were seen")
}

func TestParseObjects(t *testing.T) {
	objects, err := parseObjects("---\n# Source: a.yaml\nkind: A\nmetadata:\n  name: a\n---\n# nothing\n\n---\nkind: B\nmetadata: {name: b}\n", "here")
	require.NoError(t, err)
	require.Equal(t, []map[string]any{
		{"kind": "A", "metadata": map[string]any{"name": "a", "namespace": "here"}},
		{"kind": "B", "metadata": map[string]any{"name": "b", "namespace": "here"}},
	}, objects)
}

func TestTheMemoryLimitIsThatOfTheDeployment(t *testing.T) {
	limit, err := memoryLimit("../../" + managerFile)
	require.NoError(t, err)
	require.Equal(t, "GOMEMLIMIT=536870912", limit)
}
