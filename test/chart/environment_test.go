package chart_test

import (
	"testing"

	"helm.sh/helm/v3/pkg/release"

	"github.com/barq-db/barq-operator/test/barqcluster"
)

// The environment is compared whole and in its order: a variable too many is as wrong as one too few.
func TestEnvironment(t *testing.T) {
	compareCases(t, "environment", func(t *testing.T, rendered *release.Release) map[string]any {
		return map[string]any{"variables": barqcluster.Variables(t, database(t, rendered).Env)}
	})
}
