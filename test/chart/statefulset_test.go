package chart_test

import (
	"testing"

	"helm.sh/helm/v3/pkg/release"
	corev1 "k8s.io/api/core/v1"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// All that the StatefulSet says is compared.
func TestPods(t *testing.T) {
	compareCases(t, "pods", func(t *testing.T, rendered *release.Release) map[string]any {
		set, container := statefulSet(t, rendered), database(t, rendered)
		set.Spec.Template.Spec.Containers = nil
		test := theOnly[*corev1.Pod](t, rendered).Spec.Containers[0]
		return map[string]any{
			"statefulSet": set.Spec, "container": container, "image of the test": test.Image, "pull policy of the test": test.ImagePullPolicy,
		}
	})
}

func TestServiceAccount(t *testing.T) {
	compareCases(t, "account", func(t *testing.T, rendered *release.Release) map[string]any {
		return map[string]any{
			"accounts": all[*corev1.ServiceAccount](t, rendered),
			"pods":     statefulSet(t, rendered).Spec.Template.Spec.ServiceAccountName,
			"test":     theOnly[*corev1.Pod](t, rendered).Spec.ServiceAccountName,
		}
	})
}
