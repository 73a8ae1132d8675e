package chart_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/release"
)

// The environment is compared whole and in its order: a variable too many is as wrong as one too few.
func TestEnvironment(t *testing.T) {
	compareCases(t, "environment", func(t *testing.T, rendered *release.Release) map[string]any {
		var lines []string
		for _, variable := range database(t, rendered).Env {
			line := variable.Name + " = " + variable.Value
			if variable.ValueFrom != nil {
				require.Empty(t, variable.Value)
				source, err := json.Marshal(variable.ValueFrom)
				require.NoError(t, err)
				line = variable.Name + " from " + string(source)
			}
			lines = append(lines, line)
		}
		return map[string]any{"variables": lines}
	})
}
