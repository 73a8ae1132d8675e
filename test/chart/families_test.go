package chart_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// All Services have the families that are asked for, and the database listens for IPv6 where any of them does.
func TestAddressFamilies(t *testing.T) {
	for values, want := range map[string]struct {
		policy   *corev1.IPFamilyPolicy
		families []corev1.IPFamily
		address  string
	}{
		`{}`:                                {nil, nil, "0.0.0.0:8080"},
		`{ipFamilyPolicy: SingleStack}`:     {ptr.To(corev1.IPFamilyPolicySingleStack), nil, "0.0.0.0:8080"},
		`{ipFamilies: [IPv4]}`:              {nil, []corev1.IPFamily{corev1.IPv4Protocol}, "0.0.0.0:8080"},
		`{ipFamilies: [IPv6]}`:              {nil, []corev1.IPFamily{corev1.IPv6Protocol}, "[::]:8080"},
		`{ipFamilyPolicy: PreferDualStack}`: {ptr.To(corev1.IPFamilyPolicyPreferDualStack), nil, "[::]:8080"},
		`{ipFamilyPolicy: RequireDualStack, ipFamilies: [IPv4, IPv6]}`: {
			ptr.To(corev1.IPFamilyPolicyRequireDualStack), []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}, "[::]:8080",
		},
	} {
		for _, mode := range []string{"Primary", "Independent"} {
			rendered := render(t, "{replicas: 2, topology: {mode: "+mode+"}, service: "+values+"}")
			for _, service := range all[*corev1.Service](t, rendered) {
				require.Equal(t, want.policy, service.Spec.IPFamilyPolicy, values)
				require.Equal(t, want.families, service.Spec.IPFamilies, values)
			}
			require.Contains(t, database(t, rendered).Env, corev1.EnvVar{Name: "BARQ_ADDR", Value: want.address}, values)
		}
	}
}
