package clusters_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/internal/clusters"
)

func TestAppliedGeneration(t *testing.T) {
	condition := func(name string, status metav1.ConditionStatus) metav1.Condition {
		return metav1.Condition{Type: name, Status: status, ObservedGeneration: 3}
	}
	deployed := condition("Deployed", metav1.ConditionTrue)
	for name, test := range map[string]struct {
		conditions []metav1.Condition
		want       int64
	}{
		"nothing was written":     {nil, 0},
		"applied":                 {[]metav1.Condition{deployed}, 3},
		"applied, says no more":   {[]metav1.Condition{deployed, condition("ReleaseFailed", metav1.ConditionFalse), condition("Irreconcilable", metav1.ConditionFalse)}, 3},
		"no release is stored":    {[]metav1.Condition{condition("Deployed", metav1.ConditionFalse)}, 0},
		"it is not known":         {[]metav1.Condition{condition("Deployed", metav1.ConditionUnknown)}, 0},
		"the newest failed":       {[]metav1.Condition{deployed, condition("ReleaseFailed", metav1.ConditionTrue)}, 0},
		"the reconcile failed":    {[]metav1.Condition{deployed, condition("Irreconcilable", metav1.ConditionTrue)}, 0},
		"another one says Paused": {[]metav1.Condition{deployed, condition("Paused", metav1.ConditionTrue)}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, clusters.AppliedGeneration(test.conditions))
		})
	}
}
