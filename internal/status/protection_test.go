package status_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/protection"
	"github.com/barq-db/barq-operator/internal/status"
	"github.com/barq-db/barq-operator/test/observation"
)

func TestDeletionProtected(t *testing.T) {
	observed := observation.Running()
	condition := func() *metav1.Condition {
		observation.Store(&observed, status.Compute(observed, now))
		return meta.FindStatusCondition(observed.Cluster.Status.Conditions, v1alpha1.ConditionDeletionProtected)
	}
	observed.Protection = protection.Effect{Reason: v1alpha1.ReasonPolicyMissing, Message: "there is none"}
	require.Nil(t, condition(), "nothing is to be protected")

	observed.Cluster.Spec.DeletionProtection = true
	for reason, want := range map[string]metav1.ConditionStatus{
		v1alpha1.ReasonPolicyBound:   metav1.ConditionTrue,
		v1alpha1.ReasonPolicyMissing: metav1.ConditionFalse,
		v1alpha1.ReasonPolicyUnknown: metav1.ConditionUnknown,
	} {
		observed.Protection = protection.Effect{Reason: reason, Message: "what is known"}
		require.Equal(t, &metav1.Condition{
			Type: "DeletionProtected", Status: want, Reason: reason, Message: "what is known",
			ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(now),
		}, condition())
		require.Equal(t, v1alpha1.PhaseReady, observed.Cluster.Status.Phase, "the database works all the same")
	}
	observed.Cluster.Spec.DeletionProtection = false
	require.Nil(t, condition())
}
