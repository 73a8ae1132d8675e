package backupstore

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/message"
	"github.com/barq-db/barq-operator/internal/podissue"
)

// Patience is how long a pod may take from its creation to its end. Then it counts as one that does not run.
const Patience = 3 * time.Minute

// Outcome is what came of a probe, or why there is none.
type Outcome struct {
	// Reason is one of the condition Ready, and Message says more of it.
	Reason, Message string
}

// OutcomeOf returns what came of the probe of a pod. It reports false while the pod may still say something.
func OutcomeOf(pod *corev1.Pod, now time.Time) (Outcome, bool) {
	for i := range pod.Status.ContainerStatuses {
		ended := pod.Status.ContainerStatuses[i].State.Terminated
		if ended == nil {
			continue
		}
		if said, ok := agentapi.DecodeTermination(ended.Message); ok {
			return fromAgent(said), true
		}
		return Outcome{v1alpha1.ReasonProbeFailed, fmt.Sprintf(
			"pod %s ended with exit code %d (%s) without a result of the probe; correct the image in RELATED_IMAGE_BARQ_AGENT of the operator",
			pod.Name, ended.ExitCode, ended.Reason)}, true
	}
	isOver := pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
	if !isOver && now.Sub(pod.CreationTimestamp.Time) < Patience {
		return Outcome{}, false
	}
	if found := podissue.Diagnose(pod, now, 0); found.Issue != nil {
		return Outcome{v1alpha1.ReasonProbeFailed, "the probe did not run: " + found.Issue.String()}, true
	}
	return Outcome{v1alpha1.ReasonProbeFailed, fmt.Sprintf("the probe did not end within %s: pod %s is in phase %s; look at the events of the namespace",
		Patience, pod.Name, pod.Status.Phase)}, true
}

// fromAgent takes only reasons that the API has.
func fromAgent(said agentapi.Termination) Outcome {
	if said.Reason == agentapi.TierReachable {
		return Outcome{v1alpha1.ReasonReachable, said.Message}
	}
	if _, known := advice[said.Reason]; !known {
		return Outcome{v1alpha1.ReasonProbeFailed, said.Reason + ": " + said.Message}
	}
	return Outcome{said.Reason, said.Message}
}

// advice says what to do about a reason.
var advice = map[string]string{
	v1alpha1.ReasonCredentialsMissing:           "complete the Secret that spec.credentialsSecretRef names, or give the account in spec.serviceAccountName a workload identity",
	v1alpha1.ReasonCredentialsRejected:          "correct the Secret that spec.credentialsSecretRef names, or what the store knows of the identity",
	v1alpha1.ReasonAccessDenied:                 "allow the identity to list, create, read and delete objects below spec.prefix",
	v1alpha1.ReasonBucketMissing:                "create the bucket, or correct spec.bucket, spec.region or spec.endpoint",
	v1alpha1.ReasonConditionalWritesUnsupported: "use a store that refuses to replace an object when it is asked to, because two writers must not overwrite each other",
	v1alpha1.ReasonClockSkewed:                  "correct the clock of the node or of the store",
	v1alpha1.ReasonStoreUnreachable:             "look at spec.endpoint, at the network policies of the namespace and at the store",
	v1alpha1.ReasonProbeFailed:                  "correct the cause; the operator tries again",
}

// Condition returns the condition Ready for an outcome.
func Condition(store *v1alpha1.BarqBackupStore, outcome Outcome, now time.Time) metav1.Condition {
	condition := metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, ObservedGeneration: store.Generation,
		LastTransitionTime: metav1.NewTime(now.Truncate(time.Second)), Reason: outcome.Reason, Message: message.OneLine(outcome.Message),
	}
	switch outcome.Reason {
	case v1alpha1.ReasonReachable:
		condition.Status = metav1.ConditionTrue
	case v1alpha1.ReasonProbing:
		condition.Status = metav1.ConditionUnknown
	}
	if what, ok := advice[outcome.Reason]; ok {
		condition.Message = message.Bound(condition.Message, message.ConditionLimit-len(what)-2) + "; " + what
	}
	return condition
}
