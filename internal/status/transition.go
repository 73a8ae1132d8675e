package status

import (
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
