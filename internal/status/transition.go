package status

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// ownPart gives the part of a stored status that the status controller writes.
func ownPart(status *v1alpha1.BarqClusterStatus) v1alpha1.BarqClusterStatus {
	part := *status.DeepCopy()
	part.Conditions = own(part.Conditions)
	part.DeployedRelease = nil
	part.Storage = nil
	part.Operator, part.Takeover = "", ""
	return part
}

// settles tells whether the computed status says, for the first time in this
// generation, that the spec is fulfilled or that pods will not start by themselves.
func settles(stored, computed *v1alpha1.BarqClusterStatus) bool {
	stalled := becomes(stored, computed, v1alpha1.ConditionStalled, metav1.ConditionTrue)
	if stalled != nil && stalled.Reason == v1alpha1.ReasonProgressDeadlineExceeded {
		return true
	}
	before := meta.FindStatusCondition(stored.Conditions, v1alpha1.ConditionReady)
	after := meta.FindStatusCondition(computed.Conditions, v1alpha1.ConditionReady)
	return after.Status == metav1.ConditionTrue &&
		(before == nil || before.Status != metav1.ConditionTrue || before.ObservedGeneration != after.ObservedGeneration)
}

// onlyProgress tells whether the computed status says no more than how far a start or a
// change has come, which can wait for a moment. What a person or a program acts upon
// cannot: an answer that is new or gone, a fault, a change that is held back.
func onlyProgress(stored, computed *v1alpha1.BarqClusterStatus) bool {
	for _, status := range []*v1alpha1.BarqClusterStatus{stored, computed} {
		ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Status != metav1.ConditionFalse || !slices.Contains(progressReasons, ready.Reason) {
			return false
		}
	}
	for _, name := range ownConditions {
		before, after := meta.FindStatusCondition(stored.Conditions, name), meta.FindStatusCondition(computed.Conditions, name)
		if (before == nil) != (after == nil) || before != nil && before.Status != after.Status {
			return false
		}
	}
	return true
}

var progressReasons = []string{v1alpha1.ReasonApplying, v1alpha1.ReasonRollingOut}
