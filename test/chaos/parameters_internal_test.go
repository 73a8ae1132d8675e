package chaos

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParametersThatMakeNoSense(t *testing.T) {
	p := Parameters{Faults: []string{"killed", "rain"}, Clusters: 1, Killed: 1, Bad: 1, Edits: 1, FaultTime: 1}
	require.ErrorContains(t, p.Validate(), `faults: "rain" is unknown; known are [killed api-restarted `)
	p.Faults = Names()
	require.EqualError(t, p.Validate(), "steps: must be at least 1\npatience: must be more than nothing")
}
