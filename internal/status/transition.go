package status

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// ownPart gives the part of a stored status that the status controller writes.
func ownPart(status *v1alpha1.BarqClusterStatus) v1alpha1.BarqClusterStatus {
	part := *status.DeepCopy()
	part.Conditions = own(part.Conditions)
	part.DeployedRelease = nil
	return part
}

// becomesReady tells whether the computed status says, for the first time in this
// generation, that the spec is fulfilled.
func becomesReady(stored, computed *v1alpha1.BarqClusterStatus) bool {
	before := meta.FindStatusCondition(stored.Conditions, v1alpha1.ConditionReady)
	after := meta.FindStatusCondition(computed.Conditions, v1alpha1.ConditionReady)
	return after.Status == metav1.ConditionTrue &&
		(before == nil || before.Status != metav1.ConditionTrue || before.ObservedGeneration != after.ObservedGeneration)
}

// warnings are the reasons that need a person's eye.
var warnings = map[string]bool{
	v1alpha1.ReasonSecretMissing: true,
	v1alpha1.ReasonReleaseFailed: true,
	v1alpha1.ReasonPodsNotReady:  true,
}

// announce records an event when the reason of Ready changed, or when a
// warning has something new to say. It compares with the stored conditions, so
// a restarted operator does not repeat itself.
func (r *Reconciler) announce(cluster *v1alpha1.BarqCluster, stored, computed []metav1.Condition) {
	before := meta.FindStatusCondition(stored, v1alpha1.ConditionReady)
	after := meta.FindStatusCondition(computed, v1alpha1.ConditionReady)
	if after.Reason == v1alpha1.ReasonApplying {
		// It lasts for a fraction of a second, and what comes of it is announced.
		return
	}
	sameReason := before != nil && before.Reason == after.Reason
	if sameReason && (!warnings[after.Reason] || before.Message == after.Message) {
		return
	}
	kind := corev1.EventTypeNormal
	if warnings[after.Reason] {
		kind = corev1.EventTypeWarning
	}
	r.Events.Eventf(cluster, nil, kind, after.Reason, "Observe", "%s", after.Message)
}
