package chart_test

import (
	"testing"

	"helm.sh/helm/v3/pkg/release"
	corev1 "k8s.io/api/core/v1"
)

// openShift is the API by which the chart knows OpenShift.
const openShift = "security.openshift.io/v1"

// The platform gives user and groups on OpenShift, or where the values leave them out.
func TestUserAndGroups(t *testing.T) { compareCases(t, "security", securityContexts) }

func TestUserAndGroupsOnOpenShift(t *testing.T) {
	compareCases(t, "openshift", securityContexts, openShift)
}

func securityContexts(t *testing.T, rendered *release.Release) map[string]any {
	t.Helper()
	return map[string]any{
		"pods": statefulSet(t, rendered).Spec.Template.Spec.SecurityContext,
		"test": theOnly[*corev1.Pod](t, rendered).Spec.SecurityContext,
	}
}
