package status

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/status"
)

// settles reports whether the computed status says, first in this generation, that the spec is
// fulfilled or that pods will not start by themselves.
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

// canWait reports whether the write of a computed status can wait for the next one. That holds for
// mere progress and for pods that have never answered. It also holds for a Ready BarqCluster whose new
// spec is being applied. A start passes through half a dozen states in a few seconds, and each write
// wakes every controller.
func canWait(stored, computed *v1alpha1.BarqClusterStatus) bool {
	return onlyApplies(stored, computed) || onlyTroubleAtStart(stored, computed) || onlyProgress(stored, computed)
}

// onlyApplies reports whether the only news about a Ready BarqCluster is that its newest spec is being
// applied.
func onlyApplies(stored, computed *v1alpha1.BarqClusterStatus) bool {
	before := meta.FindStatusCondition(stored.Conditions, v1alpha1.ConditionReady)
	after := meta.FindStatusCondition(computed.Conditions, v1alpha1.ConditionReady)
	return before != nil && before.Status == metav1.ConditionTrue && before.Reason == v1alpha1.ReasonReady &&
		after.Reason == v1alpha1.ReasonApplying && computed.ObservedGeneration == stored.ObservedGeneration &&
		computed.ReadyReplicas == stored.ReadyReplicas &&
		sameStatuses(stored, computed, v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionDataRedundancy,
			v1alpha1.ConditionDeletionProtected, v1alpha1.ConditionMonitored)
}

// onlyProgress reports whether the computed status only says how far a start or a change is, which can
// wait for a moment. What a person or a program acts upon cannot wait: a lost answer, an answer that
// completes everything, a fault, or a change that is held back.
//
// The lease controller begins the status (package lease).
func onlyProgress(stored, computed *v1alpha1.BarqClusterStatus) bool {
	before := meta.FindStatusCondition(stored.Conditions, v1alpha1.ConditionReady)
	after := meta.FindStatusCondition(computed.Conditions, v1alpha1.ConditionReady)
	if isDeleting(before) != isDeleting(after) || !progresses(after) || after.Status != metav1.ConditionFalse && after.Reason != v1alpha1.ReasonApplying {
		return false
	}
	return goesOn(stored, computed, progresses(before))
}

// onlyTroubleAtStart reports whether the only news is trouble with pods that have never answered, or
// its end.
func onlyTroubleAtStart(stored, computed *v1alpha1.BarqClusterStatus) bool {
	before := meta.FindStatusCondition(stored.Conditions, v1alpha1.ConditionReady)
	after := meta.FindStatusCondition(computed.Conditions, v1alpha1.ConditionReady)
	was, is := inTroubleAtStart(before, stored), inTroubleAtStart(after, computed)
	rolls := after.Status == metav1.ConditionFalse && after.Reason == v1alpha1.ReasonRollingOut
	return (is || was && rolls) && goesOn(stored, computed, was || progresses(before))
}

func inTroubleAtStart(ready *metav1.Condition, of *v1alpha1.BarqClusterStatus) bool {
	return ready != nil && ready.Reason == v1alpha1.ReasonPodsNotReady && status.RollsOut(of.Conditions)
}

// goesOn reports whether nothing else has changed in the status of a BarqCluster that has said nothing
// yet, or already that work is under way.
func goesOn(stored, computed *v1alpha1.BarqClusterStatus, underWay bool) bool {
	if isFirst(stored) {
		return stored.Phase != "" &&
			!meta.IsStatusConditionTrue(computed.Conditions, v1alpha1.ConditionStalled) &&
			!meta.IsStatusConditionFalse(computed.Conditions, v1alpha1.ConditionSecretsAvailable) &&
			!meta.IsStatusConditionTrue(computed.Conditions, v1alpha1.ConditionChangesPending)
	}
	return underWay && meta.IsStatusConditionFalse(stored.Conditions, v1alpha1.ConditionReady) &&
		sameStatuses(stored, computed, v1alpha1.ConditionReady)
}

// isFirst reports whether a status is still the one with which the lease controller begins. The status
// controller adds SecretsAvailable to it with its own first write.
func isFirst(stored *v1alpha1.BarqClusterStatus) bool {
	return meta.FindStatusCondition(stored.Conditions, v1alpha1.ConditionSecretsAvailable) == nil
}

// sameStatuses reports whether all own conditions except those in but have the same status as before.
func sameStatuses(stored, computed *v1alpha1.BarqClusterStatus, but ...string) bool {
	for _, name := range clusters.StatusPart.Conditions {
		if slices.Contains(but, name) {
			continue
		}
		before, after := meta.FindStatusCondition(stored.Conditions, name), meta.FindStatusCondition(computed.Conditions, name)
		if (before == nil) != (after == nil) || before != nil && before.Status != after.Status {
			return false
		}
	}
	return true
}

// progresses reports whether a condition Ready says that work is under way.
func progresses(ready *metav1.Condition) bool {
	return ready != nil && slices.Contains(progressReasons, ready.Reason)
}

var progressReasons = []string{v1alpha1.ReasonApplying, v1alpha1.ReasonRollingOut, v1alpha1.ReasonDeleting}

// isDeleting reports whether a condition Ready says that the BarqCluster is being deleted. The
// deletion of its objects seldom takes as long as a write waits.
func isDeleting(ready *metav1.Condition) bool {
	return ready != nil && ready.Reason == v1alpha1.ReasonDeleting
}
