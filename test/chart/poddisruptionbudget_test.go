package chart_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// One pod may go whatever their number, so that no drain waits for ever.
func TestPodDisruptionBudget(t *testing.T) {
	for _, values := range []string{`{}`, `replicas: 0`, `replicas: 3`, `{replicas: 3, topology: {mode: Independent}}`} {
		t.Run(values, func(t *testing.T) {
			rendered := render(t, values)
			require.Equal(t, policyv1.PodDisruptionBudgetSpec{
				Selector:                   statefulSet(t, rendered).Spec.Selector,
				MaxUnavailable:             ptr.To(intstr.FromInt32(1)),
				UnhealthyPodEvictionPolicy: ptr.To(policyv1.AlwaysAllow),
			}, theOnly[*policyv1.PodDisruptionBudget](t, rendered).Spec)
		})
	}
	require.Empty(t, all[*policyv1.PodDisruptionBudget](t, render(t, `podDisruptionBudget: {enabled: false}`)))
}
