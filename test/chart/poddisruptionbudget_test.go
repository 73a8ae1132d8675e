package chart_test

import (
	"testing"

	"helm.sh/helm/v3/pkg/release"
	policyv1 "k8s.io/api/policy/v1"
)

func TestPodDisruptionBudget(t *testing.T) {
	compareCases(t, "budget", func(t *testing.T, rendered *release.Release) map[string]any {
		return map[string]any{"budgets": all[*policyv1.PodDisruptionBudget](t, rendered)}
	})
}
