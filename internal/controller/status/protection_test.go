package status_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/controller/status"
	"github.com/barq-db/barq-operator/internal/protection"
)

func TestDeletionProtected(t *testing.T) {
	observed := running()
	condition := func() *metav1.Condition {
		store(&observed, status.Compute(observed, now))
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

// That nothing is protected is an event, once.
func TestAMissingPolicyIsAnEvent(t *testing.T) {
	observed := running()
	observed.Cluster.Spec.DeletionProtection = true
	told := func() []string {
		computed := status.Compute(observed, now.Add(time.Minute))
		events := status.Announced(observed.Cluster, &computed)
		store(&observed, computed)
		return events
	}
	observed.Protection = protection.Effect{Reason: v1alpha1.ReasonPolicyBound, Message: "it is there"}
	told()
	require.Empty(t, told())
	observed.Protection = protection.Effect{Reason: v1alpha1.ReasonPolicyMissing, Message: "there is none"}
	require.Equal(t, []string{"Warning PolicyMissing: there is none"}, told())
	require.Empty(t, told())
	observed.Protection = protection.Effect{Reason: v1alpha1.ReasonPolicyUnknown, Message: "who knows"}
	require.Empty(t, told())
}
