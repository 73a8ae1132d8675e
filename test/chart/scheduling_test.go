package chart_test

import (
	"testing"

	"helm.sh/helm/v3/pkg/release"
	corev1 "k8s.io/api/core/v1"
)

func TestScheduling(t *testing.T) {
	compareCases(t, "scheduling", func(t *testing.T, rendered *release.Release) map[string]any {
		spec, test := statefulSet(t, rendered).Spec.Template.Spec, theOnly[*corev1.Pod](t, rendered).Spec
		return map[string]any{
			"affinity": spec.Affinity, "constraints": spec.TopologySpreadConstraints, "priorityClass": spec.PriorityClassName,
			"nodeSelector": spec.NodeSelector, "tolerations": spec.Tolerations,
			"nodeSelector of the test": test.NodeSelector, "tolerations of the test": test.Tolerations,
		}
	})
}
