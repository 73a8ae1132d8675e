package chart_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// openShift is the API by which the chart knows OpenShift.
const openShift = "security.openshift.io/v1"

// securityOf is the security context of pods, with what no value changes.
func securityOf(user, group, fsGroup *int64) *corev1.PodSecurityContext {
	return &corev1.PodSecurityContext{
		RunAsNonRoot: ptr.To(true), RunAsUser: user, RunAsGroup: group, FSGroup: fsGroup,
		FSGroupChangePolicy: ptr.To(corev1.FSGroupChangeOnRootMismatch),
		SeccompProfile:      &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}

// The platform gives user and groups on OpenShift, or where the values leave them out.
func TestUserAndGroups(t *testing.T) {
	thousand := ptr.To[int64](1000)
	all := securityOf(ptr.To[int64](1000650007), ptr.To[int64](0), ptr.To[int64](2147483647))
	all.FSGroupChangePolicy = ptr.To(corev1.FSGroupChangeAlways)
	all.SupplementalGroups = []int64{0, 1000650007}
	for name, test := range map[string]struct {
		values string
		apis   []string
		want   *corev1.PodSecurityContext
	}{
		"by default":               {`{}`, nil, securityOf(thousand, thousand, thousand)},
		"null":                     {`podSecurityContext: null`, nil, securityOf(thousand, thousand, thousand)},
		"on OpenShift":             {`{}`, []string{openShift}, securityOf(nil, nil, nil)},
		"none":                     {`podSecurityContext: {}`, nil, securityOf(nil, nil, nil)},
		"some":                     {`podSecurityContext: {runAsUser: 1000, fsGroup: 1000}`, nil, securityOf(thousand, nil, thousand)},
		"the default on OpenShift": {`podSecurityContext: {runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000}`, []string{openShift}, securityOf(thousand, thousand, thousand)},
		"all": {
			`podSecurityContext: {runAsUser: 1000650007, runAsGroup: 0, fsGroup: 2147483647, fsGroupChangePolicy: Always, supplementalGroups: [0, 1000650007]}`,
			[]string{openShift},
			all,
		},
	} {
		t.Run(name, func(t *testing.T) {
			rendered := render(t, test.values, test.apis...)
			require.Equal(t, test.want, statefulSet(t, rendered).Spec.Template.Spec.SecurityContext)
			require.Equal(t, test.want, theOnly[*corev1.Pod](t, rendered).Spec.SecurityContext)
		})
	}
}
