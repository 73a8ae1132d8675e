package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/message"
	"github.com/barq-db/barq-operator/internal/monitoring"
	"github.com/barq-db/barq-operator/internal/podissue"
	"github.com/barq-db/barq-operator/internal/progress"
	"github.com/barq-db/barq-operator/internal/routes"
)

// verdict is what the phase and the conditions Ready, Reconciling and Stalled say. One function
// decides them together, so that they cannot contradict one another.
type verdict struct {
	phase       v1alpha1.Phase
	ready       metav1.ConditionStatus
	reconciling bool
	// stalled is the reason why progress needs a person; empty while it does not.
	stalled string
	reason  string
	// rollsOut: some pods of this generation have not answered yet.
	rollsOut bool
	message  string
	// acted: the operator has acted on the newest spec, so the status is about its generation.
	acted bool
}

// Compute returns the status controller's part of the status. now becomes the
// transition time of the conditions that change.
func Compute(o Observation, now time.Time) v1alpha1.BarqClusterStatus {
	verdict := judge(o, now)
	if risk := o.dataAtRisk(); risk != "" && verdict.reason != v1alpha1.ReasonDataAtRisk && o.Cluster.DeletionTimestamp == nil {
		verdict.message += "; " + risk
	}
	stored := &o.Cluster.Status

	status := v1alpha1.BarqClusterStatus{
		ObservedGeneration: o.observedBefore(),
		Phase:              verdict.phase,
		Endpoints:          routes.Endpoints(o.Cluster, o.StatefulSet),
		AppliedSpecHash:    o.appliedSpecHash(),
		Conditions:         own(stored.Conditions),
	}
	if verdict.acted {
		status.ObservedGeneration = o.Cluster.Generation
	}
	if set := o.StatefulSet; set != nil {
		status.Replicas = set.Status.Replicas
		status.ReadyReplicas = set.Status.ReadyReplicas
		status.UpdatedReplicas = set.Status.UpdatedReplicas
		status.Selector = metav1.FormatLabelSelector(set.Spec.Selector)
		if containers := set.Spec.Template.Spec.Containers; len(containers) > 0 {
			status.Image = containers[0].Image
		}
	}

	conditions := []metav1.Condition{
		readyCondition(verdict),
		reconcilingCondition(verdict),
		stalledCondition(verdict),
		secretsCondition(o),
		pendingCondition(o),
	}
	for _, sometimes := range []struct {
		name      string
		condition *metav1.Condition
	}{
		{v1alpha1.ConditionDataRedundancy, redundancyCondition(o)},
		{v1alpha1.ConditionDeletionProtected, protectionCondition(o)},
		{v1alpha1.ConditionMonitored, monitoring.Condition(o.Cluster.Spec.Monitoring, o.KnowsPodMonitors, o.KnowsServiceMonitors)},
	} {
		if sometimes.condition != nil {
			conditions = append(conditions, *sometimes.condition)
		} else {
			meta.RemoveStatusCondition(&status.Conditions, sometimes.name)
		}
	}
	for _, condition := range conditions {
		if condition.Type != v1alpha1.ConditionChangesPending {
			condition.ObservedGeneration = status.ObservedGeneration
		}
		condition.LastTransitionTime = metav1.NewTime(now)
		condition.Message = message.Bound(condition.Message, message.ConditionLimit)
		meta.SetStatusCondition(&status.Conditions, condition)
	}
	return status
}

// First returns the status with which an operator begins its work on a BarqCluster, before it has
// observed anything. A list of conditions keeps the order in which they came, and kubectl describe
// shows them in that order. So the first status has those that a person and a program read first.
func First(now time.Time) v1alpha1.BarqClusterStatus {
	verdict := applying()
	first := v1alpha1.BarqClusterStatus{
		Phase:      verdict.phase,
		Conditions: []metav1.Condition{readyCondition(verdict), reconcilingCondition(verdict), stalledCondition(verdict)},
	}
	for i := range first.Conditions {
		first.Conditions[i].LastTransitionTime = metav1.NewTime(now)
	}
	return first
}

// observedBefore is the generation that the stored status is about. A generation in the future comes
// from another BarqCluster, whose status was restored to this one.
func (o Observation) observedBefore() int64 {
	if stored := o.Cluster.Status.ObservedGeneration; stored <= o.Cluster.Generation {
		return stored
	}
	return 0
}

// judge returns the verdict. It checks the most serious state first.
func judge(o Observation, now time.Time) verdict {
	switch {
	case o.Cluster.DeletionTimestamp != nil:
		return judgeDeletion(o)
	case o.Cluster.Spec.Paused:
		return judgePaused(o, now)
	case len(o.Secrets.Problems) > 0:
		return verdict{
			phase: o.whileHeldBack(v1alpha1.PhasePending), ready: metav1.ConditionFalse, reconciling: true, acted: true,
			reason: v1alpha1.ReasonSecretMissing, message: o.Secrets.Message(),
		}
	case len(o.Secrets.Missing) > 0:
		return verdict{
			phase: o.whileHeldBack(v1alpha1.PhasePending), ready: metav1.ConditionFalse, reconciling: true, acted: true,
			reason: v1alpha1.ReasonReferenceMissing, message: strings.Join(o.Secrets.Missing, "; ") + "; until then the operator applies no change and leaves running pods alone",
		}
	case o.awaitsDeletion() != "":
		return verdict{
			phase: o.whileHeldBack(v1alpha1.PhasePending), ready: metav1.ConditionFalse, reconciling: true, acted: true,
			reason: v1alpha1.ReasonAwaitingDeletion, message: o.awaitsDeletion(),
		}
	case o.refusal() != "":
		return verdict{
			phase: o.whileHeldBack(v1alpha1.PhaseFailed), ready: metav1.ConditionFalse, stalled: v1alpha1.ReasonReleaseFailed, acted: true,
			reason: v1alpha1.ReasonReleaseFailed, message: o.refusal(),
		}
	case !o.applied():
		result := applying()
		if o.StatefulSet != nil {
			result.phase = v1alpha1.PhaseProgressing
		}
		return result
	default:
		return judgePods(o, now)
	}
}

// applying returns the verdict of a BarqCluster of which nothing runs yet, while the spec is being
// applied.
func applying() verdict {
	return verdict{
		phase: v1alpha1.PhasePending, ready: metav1.ConditionFalse, reconciling: true,
		reason: v1alpha1.ReasonApplying, message: "the newest spec is being applied",
	}
}

// judgeDeletion says what happens to the volumes, and what the deletion waits for.
func judgeDeletion(o Observation) verdict {
	result := verdict{
		phase: v1alpha1.PhaseProgressing, ready: metav1.ConditionFalse, reconciling: true, acted: true,
		reason: v1alpha1.ReasonDeleting, message: "the BarqCluster is being deleted; " + o.Fate.String() + o.keptBy(),
	}
	if waits := o.deletionWaits(); waits != "" {
		result.reason = v1alpha1.ReasonDeletionWaits
		result.message = fmt.Sprintf("the BarqCluster is being deleted; the operator waits and tries again: %s; %s", waits, o.Fate)
	}
	return result
}

// judgePaused compares the pods with the spec that was last applied, and says nothing about the newest
// spec.
func judgePaused(o Observation, now time.Time) verdict {
	result := verdict{
		phase: v1alpha1.PhasePaused, ready: metav1.ConditionFalse, reason: v1alpha1.ReasonPaused,
		message: "spec.paused is true: the operator changes nothing until it is false; ",
	}
	if o.StatefulSet == nil {
		result.message += "nothing runs yet"
		return result
	}
	asked := ptr.Deref(o.StatefulSet.Spec.Replicas, 0)
	result.message += o.count(asked)
	if o.StatefulSet.Status.ReadyReplicas == asked && o.StatefulSet.Status.Replicas == asked {
		if obstacle := o.obstacle(); obstacle != "" {
			result.message += "; " + obstacle
			return result
		}
		result.ready = metav1.ConditionTrue
		return result
	}
	if issues := o.issues(now); len(issues) > 0 {
		result.message += "; " + describe(issues)
		if o.overdue(issues, now) != nil {
			result.stalled = v1alpha1.ReasonProgressDeadlineExceeded
		}
	}
	return result
}

// judgePods judges the pods of a spec that was applied.
func judgePods(o Observation, now time.Time) verdict {
	issues := o.issues(now)
	desired := o.Cluster.Spec.DesiredReplicas()
	switch {
	case o.rolledOut() && desired == 0 && o.volumesResized() != nil:
		return verdict{
			phase: v1alpha1.PhaseHibernated, ready: metav1.ConditionTrue, acted: true,
			reason: v1alpha1.ReasonHibernated, message: "replicas is 0: no pod runs, the volumes are kept",
		}
	case o.rolledOut() && o.available() && o.obstacle() != "":
		return verdict{
			phase: v1alpha1.PhaseProgressing, ready: metav1.ConditionFalse, reconciling: true, acted: true,
			reason: v1alpha1.ReasonApplying, message: o.count(desired) + "; " + o.obstacle() + "; waiting for the operator to revert this",
		}
	case o.rolledOut() && (desired == 0 || o.available()):
		return judgeVolumes(o)
	case len(issues) > 0:
		return judgeIssues(o, issues, now)
	case o.rolledOut() && o.answeredBefore() && o.StatefulSet.Status.ReadyReplicas < desired:
		return verdict{
			phase: v1alpha1.PhaseDegraded, ready: metav1.ConditionFalse, reconciling: true, acted: true,
			reason:  v1alpha1.ReasonPodsNotReady,
			message: o.count(desired) + "; pods that answered before do not answer now; " + progress.WaitingFor(o.StatefulSet, o.Pods, desired) + progress.Cause(o.StatefulSet),
		}
	default:
		return verdict{
			phase: v1alpha1.PhaseProgressing, ready: metav1.ConditionFalse, reconciling: true, acted: true,
			reason: v1alpha1.ReasonRollingOut, message: o.count(desired) + "; " + progress.WaitingFor(o.StatefulSet, o.Pods, desired) + progress.Cause(o.StatefulSet),
		}
	}
}

// judgeIssues says what keeps pods from answering, and whether that has lasted too long to end by
// itself.
func judgeIssues(o Observation, issues []podissue.Issue, now time.Time) verdict {
	result := verdict{
		phase: v1alpha1.PhaseDegraded, ready: metav1.ConditionFalse, reconciling: true, acted: true,
		reason: v1alpha1.ReasonPodsNotReady, rollsOut: !o.answeredBefore(),
		message: o.countOf(min(o.StatefulSet.Status.ReadyReplicas, o.answering()), o.Cluster.Spec.DesiredReplicas()) +
			"; " + describe(issues) + progress.Remaining(o.StatefulSet, o.Pods, issues) + progress.Cause(o.StatefulSet),
	}
	if resized := o.volumesResized(); resized != nil && resized.Status == metav1.ConditionUnknown {
		// The scheduler's message about a PVC names neither the PVC nor its class.
		result.message += "; " + resized.Message
	}
	if o.StatefulSet.Status.ReadyReplicas == 0 && !slices.ContainsFunc(issues, func(i podissue.Issue) bool { return !i.WithoutNode() }) {
		result.phase = v1alpha1.PhasePending
	}
	if o.overdue(issues, now) != nil {
		// Kubernetes and the operator keep trying. But kstatus takes a status that is both reconciling
		// and stalled for reconciling.
		result.reconciling = false
		result.stalled = v1alpha1.ReasonProgressDeadlineExceeded
		if !o.serves() {
			result.phase = v1alpha1.PhaseFailed
		}
	}
	return result
}

// judgeVolumes judges the volumes of pods that all answer.
func judgeVolumes(o Observation) verdict {
	resized := o.volumesResized()
	switch {
	case resized == nil:
		return verdict{
			phase: v1alpha1.PhaseProgressing, ready: metav1.ConditionTrue, reconciling: true, acted: true,
			reason: v1alpha1.ReasonApplying, message: o.count(o.Cluster.Spec.DesiredReplicas()) + "; the operator looks at the volumes",
		}
	case resized.Reason == v1alpha1.ReasonDataAtRisk:
		return verdict{
			phase: v1alpha1.PhaseDegraded, ready: metav1.ConditionTrue, stalled: resized.Reason, acted: true,
			reason: resized.Reason, message: o.count(o.Cluster.Spec.DesiredReplicas()) + "; " + resized.Message,
		}
	case resized.Status == metav1.ConditionFalse:
		return verdict{
			phase: v1alpha1.PhaseProgressing, ready: metav1.ConditionTrue, reconciling: true, acted: true,
			reason: resized.Reason, message: o.count(o.Cluster.Spec.DesiredReplicas()) + "; " + resized.Message,
		}
	default:
		return verdict{
			phase: v1alpha1.PhaseReady, ready: metav1.ConditionTrue, acted: true,
			reason: v1alpha1.ReasonReady, message: o.count(o.Cluster.Spec.DesiredReplicas()),
		}
	}
}

// whileHeldBack returns Degraded while clients get answers from pods that a change cannot reach, else
// the given phase.
func (o Observation) whileHeldBack(otherwise v1alpha1.Phase) v1alpha1.Phase {
	if o.serves() {
		return v1alpha1.PhaseDegraded
	}
	return otherwise
}

// answeredBefore reports whether every pod of this generation has answered once. After that, pods that
// do not answer are a loss; before, they are starting.
func (o Observation) answeredBefore() bool {
	conditions := o.Cluster.Status.Conditions
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.ObservedGeneration == o.Cluster.Generation &&
		(ready.Status == metav1.ConditionTrue || ready.Reason == v1alpha1.ReasonPodsNotReady && !RollsOut(conditions))
}

// RollsOut reports whether a status that reports trouble with pods, stored or computed, is about a
// start.
func RollsOut(conditions []metav1.Condition) bool {
	reconciling := meta.FindStatusCondition(conditions, v1alpha1.ConditionReconciling)
	return reconciling != nil && reconciling.Reason == v1alpha1.ReasonRollingOut
}

// count says how many of the desired pods answer. In mode Primary it adds whether the primary, on
// which everything depends, is one of them.
func (o Observation) count(asked int32) string {
	if o.StatefulSet == nil {
		return o.countOf(0, asked)
	}
	return o.countOf(o.StatefulSet.Status.ReadyReplicas, asked)
}

// countOf says it for a given number of pods that answer.
func (o Observation) countOf(ready, asked int32) string {
	if asked == 0 {
		if o.StatefulSet == nil || o.StatefulSet.Status.Replicas == 0 {
			return "no pod is asked for"
		}
		return fmt.Sprintf("no pod is asked for, %d left", o.StatefulSet.Status.Replicas)
	}
	text := fmt.Sprintf("%d of %d pods answer", ready, asked)
	switch {
	case asked == 1 || ready >= asked || o.independent():
		return text
	case o.primaryAnswers():
		return text + ", the primary " + o.primary() + " among them"
	default:
		return text + ", not the primary " + o.primary() + ": clients get no answer"
	}
}

// keptBy names the finalizers of others that keep a deleted BarqCluster, once the operator's own are
// gone.
func (o Observation) keptBy() string {
	finalizers := o.Cluster.Finalizers
	if len(finalizers) == 0 || slices.Contains(finalizers, clusters.UninstallFinalizer) {
		return ""
	}
	return "; it stays until the programs that set its finalizers remove them: " + strings.Join(finalizers, ", ")
}
