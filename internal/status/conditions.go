package status

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
)

// Own returns the part of a stored status that the status controller writes, as Compute returns it.
func Own(stored *v1alpha1.BarqClusterStatus) v1alpha1.BarqClusterStatus {
	return v1alpha1.BarqClusterStatus{
		ObservedGeneration: stored.ObservedGeneration,
		Phase:              stored.Phase,
		Replicas:           stored.Replicas,
		ReadyReplicas:      stored.ReadyReplicas,
		UpdatedReplicas:    stored.UpdatedReplicas,
		Selector:           stored.Selector,
		Image:              stored.Image,
		Endpoints:          stored.Endpoints.DeepCopy(),
		AppliedSpecHash:    stored.AppliedSpecHash,
		Conditions:         own(stored.Conditions),
	}
}

// own returns a copy of the conditions that the status controller writes.
func own(conditions []metav1.Condition) []metav1.Condition {
	var kept []metav1.Condition
	for _, condition := range conditions {
		if slices.Contains(clusters.StatusPart.Conditions, condition.Type) {
			kept = append(kept, condition)
		}
	}
	return kept
}

func readyCondition(v verdict) metav1.Condition {
	return metav1.Condition{Type: v1alpha1.ConditionReady, Status: v.ready, Reason: v.reason, Message: v.message}
}

func reconcilingCondition(v verdict) metav1.Condition {
	reason := v.reason
	if v.rollsOut {
		reason = v1alpha1.ReasonRollingOut
	}
	return metav1.Condition{
		Type: v1alpha1.ConditionReconciling, Status: conditionStatus(v.reconciling), Reason: reason, Message: v.message,
	}
}

func stalledCondition(v verdict) metav1.Condition {
	if v.stalled == "" {
		reason := v1alpha1.ReasonProgressing
		if !v.reconciling {
			// Nothing is under way: it is Ready, Hibernated or Paused.
			reason = v.reason
		}
		return metav1.Condition{
			Type: v1alpha1.ConditionStalled, Status: metav1.ConditionFalse, Reason: reason, Message: whyNotStalled(v.reason),
		}
	}
	return metav1.Condition{
		Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: v.stalled, Message: v.message,
	}
}

// whyNotStalled chooses the text by the reason of the condition Ready, which may ask a person for
// something.
func whyNotStalled(reason string) string {
	switch reason {
	case v1alpha1.ReasonSecretMissing, v1alpha1.ReasonReferenceMissing, v1alpha1.ReasonPodsNotReady, v1alpha1.ReasonDeletionWaits,
		v1alpha1.ReasonResizeRefused, v1alpha1.ReasonResizeFailed:
		return "the operator goes on by itself once what the condition Ready says is over"
	case v1alpha1.ReasonPaused:
		return "the operator goes on once spec.paused is false"
	default:
		return "no action is required"
	}
}

func secretsCondition(o Observation) metav1.Condition {
	condition := metav1.Condition{Type: v1alpha1.ConditionSecretsAvailable, Status: metav1.ConditionTrue}
	switch {
	case len(o.Secrets.Problems) > 0:
		condition.Status = metav1.ConditionFalse
		condition.Reason = v1alpha1.ReasonSecretMissing
		condition.Message = o.Secrets.Message() + "; until then the operator applies no change and leaves running pods alone"
	case o.Secrets.Referenced == 0:
		condition.Reason = v1alpha1.ReasonNoneReferenced
		condition.Message = "the spec refers to no Secret"
	default:
		condition.Reason = v1alpha1.ReasonAllFound
		condition.Message = "every Secret and key that the spec refers to is there"
	}
	return condition
}

func conditionStatus(value bool) metav1.ConditionStatus {
	if value {
		return metav1.ConditionTrue
	}
	return metav1.ConditionFalse
}
