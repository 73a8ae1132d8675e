package status

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/workload"
)

// checksumAnnotation of the pod template holds the checksum of the Secrets with which the pods were
// started.
const checksumAnnotation = "barq.db/secrets-checksum"

// appliedSpecHash returns the checksum of the spec that was last applied: the newest one or an earlier
// one.
func (o Observation) appliedSpecHash() string {
	if o.Cluster.Spec.Paused || o.Cluster.DeletionTimestamp != nil || o.Secrets.HoldsBack() || !o.applied() {
		return o.Cluster.Status.AppliedSpecHash
	}
	return o.SpecHash
}

// pendingCondition says whether a change is held back. It is about the newest spec, even while the
// rest of the status is about an older one.
func pendingCondition(o Observation) metav1.Condition {
	condition := metav1.Condition{
		Type: v1alpha1.ConditionChangesPending, Status: metav1.ConditionFalse, ObservedGeneration: o.Cluster.Generation,
		Reason: v1alpha1.ReasonNothingPending, Message: "no change is held back",
	}
	pending := func(reason, message string) metav1.Condition {
		condition.Status, condition.Reason, condition.Message = metav1.ConditionTrue, reason, message
		return condition
	}
	unapplied := o.unappliedSpec()
	switch held := o.heldByPause(); {
	case o.Cluster.DeletionTimestamp != nil:
		return condition
	case len(held) > 0:
		return pending(v1alpha1.ReasonPaused, "held back until spec.paused is false: "+strings.Join(held, ", and "))
	case o.Cluster.Spec.Paused:
		return condition
	case unapplied != "" && len(o.Secrets.Problems) > 0:
		return pending(v1alpha1.ReasonSecretMissing, "held back until its Secrets are there: "+unapplied)
	case unapplied != "" && len(o.Secrets.Missing) > 0:
		return pending(v1alpha1.ReasonReferenceMissing, "held back until what it names is there: "+unapplied)
	case unapplied != "" && o.awaitsDeletion() != "":
		return pending(v1alpha1.ReasonAwaitingDeletion, "held back until what is being deleted is gone: "+unapplied)
	case unapplied != "" && o.refusal() != "":
		return pending(v1alpha1.ReasonReleaseFailed, "held back until it is no longer refused: "+unapplied)
	case o.Queued != "":
		return pending(v1alpha1.ReasonRolloutQueued, o.Queued)
	default:
		return condition
	}
}

// unappliedSpec says which part of the spec was not applied; empty if all of it was.
func (o Observation) unappliedSpec() string {
	switch o.Cluster.Status.AppliedSpecHash {
	case o.SpecHash:
		return ""
	case "":
		return "the whole spec, none of which was applied yet"
	default:
		return "the spec, which is not the one that was last applied"
	}
}

// heldByPause names what spec.paused holds back.
func (o Observation) heldByPause() []string {
	if !o.Cluster.Spec.Paused || o.Cluster.DeletionTimestamp != nil {
		return nil
	}
	var held []string
	if unapplied := o.unappliedSpec(); unapplied != "" {
		held = append(held, unapplied)
	}
	if o.Cluster.Status.AppliedSpecHash != "" && o.secretsChanged() {
		held = append(held, "the Secrets, which have changed since they were last applied")
	}
	return held
}

// secretsChanged reports whether the Secrets differ from those that were last applied. Pods that Helm
// created, before the operator adopted their release, have no checksum. For them the answer is unknown
// until a Secret changes for the first time.
func (o Observation) secretsChanged() bool {
	if o.StatefulSet == nil || len(o.Secrets.Problems) > 0 {
		return false
	}
	applied, known := o.StatefulSet.Spec.Template.Annotations[checksumAnnotation]
	return known && applied != o.Secrets.ChecksumFor(workload.HasAgent(o.StatefulSet.Spec.Template.Spec.Containers))
}
