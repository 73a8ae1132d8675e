package status

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Ports of Barq DB, in every address that the status gives.
const (
	httpPort = 8080
	grpcPort = 50051
)

// verdict is what the conditions Ready, Reconciling and Stalled and the phase say.
// They are decided together, so that they cannot contradict one another.
type verdict struct {
	phase       v1alpha1.Phase
	ready       metav1.ConditionStatus
	reconciling bool
	stalled     bool
	reason      string
	message     string
	// acted: the newest spec was acted upon, so the status is about its generation.
	acted bool
}

// Compute gives the status controller's part of the status. now becomes the
// transition time of the conditions that change.
func Compute(o Observation, now time.Time) v1alpha1.BarqClusterStatus {
	verdict := judge(o, now)
	stored := &o.Cluster.Status

	status := v1alpha1.BarqClusterStatus{
		ObservedGeneration: stored.ObservedGeneration,
		Phase:              verdict.phase,
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
		host := o.Cluster.Name + "." + o.Cluster.Namespace + ".svc"
		status.Endpoints = &v1alpha1.Endpoints{
			HTTP: fmt.Sprintf("http://%s:%d", host, httpPort),
			GRPC: fmt.Sprintf("%s:%d", host, grpcPort),
		}
	}
	if capacity := o.capacity(); capacity != nil {
		status.Storage = &v1alpha1.StorageStatus{Capacity: capacity}
	}

	for _, condition := range []metav1.Condition{
		readyCondition(verdict),
		reconcilingCondition(verdict),
		stalledCondition(verdict),
		secretsCondition(o),
		volumesCondition(o),
	} {
		condition.ObservedGeneration = status.ObservedGeneration
		condition.LastTransitionTime = metav1.NewTime(now)
		meta.SetStatusCondition(&status.Conditions, condition)
	}
	return status
}

// judge decides, the weightiest state first.
func judge(o Observation, now time.Time) verdict {
	switch {
	case o.Cluster.DeletionTimestamp != nil:
		return verdict{
			phase: v1alpha1.PhaseProgressing, ready: metav1.ConditionFalse, reconciling: true, acted: true,
			reason: v1alpha1.ReasonDeleting, message: "the BarqCluster is being deleted; its volumes are kept",
		}
	case o.Cluster.Spec.Paused:
		return judgePaused(o)
	case len(o.Secrets.Problems) > 0:
		return verdict{
			phase: o.whileHeldBack(v1alpha1.PhasePending), ready: metav1.ConditionFalse, reconciling: true, acted: true,
			reason: v1alpha1.ReasonSecretMissing, message: o.Secrets.Message(),
		}
	case o.refusal() != "":
		return verdict{
			phase: o.whileHeldBack(v1alpha1.PhaseFailed), ready: metav1.ConditionFalse, stalled: true, acted: true,
			reason: v1alpha1.ReasonReleaseFailed, message: o.refusal(),
		}
	case !o.applied():
		phase := v1alpha1.PhaseProgressing
		if o.StatefulSet == nil {
			phase = v1alpha1.PhasePending
		}
		return verdict{
			phase: phase, ready: metav1.ConditionFalse, reconciling: true,
			reason: v1alpha1.ReasonApplying, message: "the newest spec is being applied",
		}
	default:
		return judgePods(o, now)
	}
}

// judgePaused reports the pods as they are, and says nothing about the newest spec.
func judgePaused(o Observation) verdict {
	ready := metav1.ConditionFalse
	if o.StatefulSet != nil && o.StatefulSet.Status.Replicas == o.StatefulSet.Status.ReadyReplicas {
		ready = metav1.ConditionTrue
	}
	return verdict{
		phase: v1alpha1.PhasePaused, ready: ready, reason: v1alpha1.ReasonPaused,
		message: "spec.paused is true: nothing is changed until it is false; " + o.count(),
	}
}

// judgePods looks at what an applied spec has become.
func judgePods(o Observation, now time.Time) verdict {
	trouble := o.podTrouble(now)
	set := o.StatefulSet
	switch {
	case o.rolledOut() && o.Cluster.Spec.DesiredReplicas() == 0:
		return verdict{
			phase: v1alpha1.PhaseHibernated, ready: metav1.ConditionTrue, acted: true,
			reason: v1alpha1.ReasonHibernated, message: "replicas is 0: no pod runs, the volumes are kept",
		}
	case o.rolledOut() && set.Status.ReadyReplicas == set.Status.Replicas:
		return judgeVolumes(o)
	case trouble != "":
		return verdict{
			phase: v1alpha1.PhaseDegraded, ready: metav1.ConditionFalse, reconciling: true, acted: true,
			reason: v1alpha1.ReasonPodsNotReady, message: o.count() + "; " + trouble,
		}
	case o.rolledOut() && o.answeredBefore():
		return verdict{
			phase: v1alpha1.PhaseDegraded, ready: metav1.ConditionFalse, reconciling: true, acted: true,
			reason: v1alpha1.ReasonPodsNotReady, message: o.count() + "; pods that answered before do not answer now",
		}
	default:
		return verdict{
			phase: v1alpha1.PhaseProgressing, ready: metav1.ConditionFalse, reconciling: true, acted: true,
			reason: v1alpha1.ReasonRollingOut, message: o.count() + "; pods are being made, replaced or removed",
		}
	}
}

// judgeVolumes looks at the volumes of pods that all answer.
func judgeVolumes(o Observation) verdict {
	if behind := o.behind(); len(behind) > 0 {
		return verdict{
			phase: v1alpha1.PhaseProgressing, ready: metav1.ConditionTrue, reconciling: true, acted: true,
			reason: v1alpha1.ReasonResizing, message: o.count() + "; " + growing(o, behind),
		}
	}
	return verdict{
		phase: v1alpha1.PhaseReady, ready: metav1.ConditionTrue, acted: true,
		reason: v1alpha1.ReasonReady, message: o.count(),
	}
}

// whileHeldBack is Degraded when pods run that a change cannot reach, else the
// given phase.
func (o Observation) whileHeldBack(otherwise v1alpha1.Phase) v1alpha1.Phase {
	if o.StatefulSet != nil && o.StatefulSet.Status.ReadyReplicas > 0 {
		return v1alpha1.PhaseDegraded
	}
	return otherwise
}

// answeredBefore tells whether every pod of this generation has answered once: then
// pods that do not answer are a loss, not a start.
func (o Observation) answeredBefore() bool {
	ready := meta.FindStatusCondition(o.Cluster.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.ObservedGeneration == o.Cluster.Generation &&
		(ready.Status == metav1.ConditionTrue || ready.Reason == v1alpha1.ReasonPodsNotReady)
}

func (o Observation) count() string {
	if o.StatefulSet == nil {
		return fmt.Sprintf("0 of %d pods answer", o.Cluster.Spec.DesiredReplicas())
	}
	return fmt.Sprintf("%d of %d pods answer", o.StatefulSet.Status.ReadyReplicas, o.Cluster.Spec.DesiredReplicas())
}

func growing(o Observation, behind []string) string {
	size := o.Cluster.Spec.DesiredSize()
	return fmt.Sprintf("volumes grow to %s: %s", size.String(), strings.Join(behind, ", "))
}
