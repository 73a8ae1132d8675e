package chart_test

import (
	"testing"

	"helm.sh/helm/v3/pkg/release"
	networkingv1 "k8s.io/api/networking/v1"
)

func TestNetworkPolicy(t *testing.T) {
	compareCases(t, "networkpolicy", func(t *testing.T, rendered *release.Release) map[string]any {
		return map[string]any{"policies": all[*networkingv1.NetworkPolicy](t, rendered)}
	})
}
