package chaos

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/machine"
)

func TestRowsOfARunBeforeAreKept(t *testing.T) {
	resultsOf := func(commit string, faults ...string) *Results {
		results := &Results{Machine: machine.Machine{Versions: map[string]string{"operator": commit}}}
		for _, fault := range faults {
			results.Rows = append(results.Rows, &Row{Fault: fault, Does: commit})
		}
		return results
	}
	names := Names()
	first := resultsOf("a", names[0], names[1], names[2])
	second := resultsOf("b", names[3], names[1]).After(first)
	third := resultsOf("b", names[4]).After(second)

	require.Equal(t, []*Row{
		{Fault: names[0], Does: "a", Operator: "a"},
		{Fault: names[1], Does: "b"},
		{Fault: names[2], Does: "a", Operator: "a"},
		{Fault: names[3], Does: "b"},
		{Fault: names[4], Does: "b"},
	}, third.Rows)
	require.Equal(t, "b", third.Machine.Versions["operator"])
	require.Equal(t, resultsOf("a", names[0]), resultsOf("a", names[0]).After(&Results{}))
}
