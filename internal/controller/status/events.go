package status

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/message"
	"github.com/barq-db/barq-operator/internal/status"
	"github.com/barq-db/barq-operator/internal/workload"
)

// announcement is an event to record.
type announcement struct {
	kind, reason, message string
}

func normal(reason, text string) announcement {
	return announcement{kind: corev1.EventTypeNormal, reason: reason, message: text}
}

func warning(reason, text string) announcement {
	return announcement{kind: corev1.EventTypeWarning, reason: reason, message: text}
}

// announce records what a person would ask about.
func (r *Reconciler) announce(observed status.Observation, computed *v1alpha1.BarqClusterStatus) {
	for _, event := range announcements(observed, computed) {
		r.Events.Eventf(observed.Cluster, nil, event.kind, event.reason, "Observe", "%s", message.Bound(event.message, message.EventLimit))
	}
}

// announcements compares only the stored status with the one that replaces it, so that a restarted
// operator does not repeat events.
func announcements(observed status.Observation, computed *v1alpha1.BarqClusterStatus) []announcement {
	cluster := observed.Cluster
	stored := &cluster.Status
	var events []announcement
	if goesOn := !cluster.Spec.Paused && cluster.DeletionTimestamp == nil; goesOn {
		asked := cluster.Spec.DesiredReplicas()
		switch reason := readyReason(stored); {
		case reason == v1alpha1.ReasonPaused:
			events = append(events, normal(v1alpha1.ReasonResumed, "spec.paused is false: the operator applies changes again"))
		case reason == v1alpha1.ReasonHibernated && asked > 0:
			events = append(events, normal(v1alpha1.ReasonWoken, fmt.Sprintf("replicas is %d: pods are created on the volumes that were kept", asked)))
		}
	}
	if event := ofReady(stored, computed); event != nil {
		events = append(events, *event)
	}
	if stalled := becomes(stored, computed, v1alpha1.ConditionStalled, metav1.ConditionTrue); stalled != nil &&
		stalled.Reason == v1alpha1.ReasonProgressDeadlineExceeded {
		events = append(events, warning(stalled.Reason, fmt.Sprintf(
			"pods have been in trouble for %s or longer (spec.progressDeadlineSeconds): %s", cluster.Spec.ProgressDeadline(), stalled.Message)))
	}
	if event := ofPending(stored, computed); event != nil {
		events = append(events, *event)
	}
	if redundancy := becomes(stored, computed, v1alpha1.ConditionDataRedundancy, metav1.ConditionFalse); redundancy != nil {
		events = append(events, warning(redundancy.Reason, redundancy.Message))
	}
	if unprotected := becomes(stored, computed, v1alpha1.ConditionDeletionProtected, metav1.ConditionFalse); unprotected != nil {
		events = append(events, warning(unprotected.Reason, unprotected.Message))
	}
	if unmonitored := becomes(stored, computed, v1alpha1.ConditionMonitored, metav1.ConditionFalse); unmonitored != nil {
		events = append(events, warning(unmonitored.Reason, unmonitored.Message))
	}
	if event := ofTiers(observed, computed); event != nil {
		events = append(events, *event)
	}
	return events
}

// ofTiers returns the event about tiers with which the database cannot start, once for each spec that
// is acted upon. An agent that manages the tiers keeps them from the database.
func ofTiers(observed status.Observation, computed *v1alpha1.BarqClusterStatus) *announcement {
	cluster := observed.Cluster
	tiering := &cluster.Spec.Tiering
	if cluster.Spec.IsArchived() && observed.StatefulSet != nil && workload.HasAgent(observed.StatefulSet.Spec.Template.Spec.Containers) {
		return nil
	}
	if !tiering.Enabled || cluster.DeletionTimestamp != nil || cluster.Spec.Paused ||
		computed.ObservedGeneration != cluster.Generation || cluster.Status.ObservedGeneration == computed.ObservedGeneration {
		return nil
	}
	var tiers []string
	for _, tier := range tiering.Tiers() {
		if tier.Provider == v1alpha1.ProviderS3 || tier.Provider == v1alpha1.ProviderGCS {
			tiers = append(tiers, fmt.Sprintf("%s is on %s", tier.Field(), tier.Provider))
		}
	}
	if len(tiers) == 0 {
		return nil
	}
	event := warning(v1alpha1.ReasonTierNotSupported, strings.Join(tiers, " and ")+
		", with which Barq DB 0.1.0 exits at startup: set spec.tiering.enabled to false, or name an image in spec.image that supports it")
	return &event
}

// becomes returns a condition that has just changed to the given status, or nil.
func becomes(stored, computed *v1alpha1.BarqClusterStatus, name string, wanted metav1.ConditionStatus) *metav1.Condition {
	if meta.IsStatusConditionPresentAndEqual(stored.Conditions, name, wanted) ||
		!meta.IsStatusConditionPresentAndEqual(computed.Conditions, name, wanted) {
		return nil
	}
	return meta.FindStatusCondition(computed.Conditions, name)
}

// ofPending returns the event about a change that is held back, unless the condition Ready tells the
// cause.
func ofPending(stored, computed *v1alpha1.BarqClusterStatus) *announcement {
	before := meta.FindStatusCondition(stored.Conditions, v1alpha1.ConditionChangesPending)
	after := meta.FindStatusCondition(computed.Conditions, v1alpha1.ConditionChangesPending)
	told := after.Reason == v1alpha1.ReasonPaused || after.Reason == v1alpha1.ReasonRolloutQueued
	if !told || before != nil && before.Reason == after.Reason {
		return nil
	}
	event := normal(after.Reason, after.Message)
	return &event
}

// warnings are the reasons that need a person's eye.
var warnings = map[string]bool{
	v1alpha1.ReasonSecretMissing:    true,
	v1alpha1.ReasonReferenceMissing: true,
	v1alpha1.ReasonReleaseFailed:    true,
	v1alpha1.ReasonPodsNotReady:     true,
	v1alpha1.ReasonDeletionWaits:    true,
}

// toldElsewhere are the reasons for which ofReady records no event.
var toldElsewhere = map[string]bool{
	// It lasts for a fraction of a second, and its outcome is announced.
	v1alpha1.ReasonApplying: true,
	// internal/controller/volumes records events about volumes, PVC by PVC.
	v1alpha1.ReasonDataAtRisk:              true,
	v1alpha1.ReasonResizing:                true,
	v1alpha1.ReasonResizeRefused:           true,
	v1alpha1.ReasonResizeFailed:            true,
	v1alpha1.ReasonFileSystemResizePending: true,
}

// ofReady returns the event about the condition Ready. It announces a new reason, the same reason
// after a change of the spec, and a new message of a warning.
func ofReady(stored, computed *v1alpha1.BarqClusterStatus) *announcement {
	before := meta.FindStatusCondition(stored.Conditions, v1alpha1.ConditionReady)
	after := meta.FindStatusCondition(computed.Conditions, v1alpha1.ConditionReady)
	if toldElsewhere[after.Reason] {
		return nil
	}
	event := normal(after.Reason, after.Message)
	if warnings[after.Reason] {
		event = warning(after.Reason, after.Message)
	}
	switch {
	case before == nil || before.Reason != after.Reason:
		return &event
	case after.Reason == v1alpha1.ReasonReady && before.ObservedGeneration != after.ObservedGeneration:
		return &event
	case after.Reason == v1alpha1.ReasonPodsNotReady:
		// Kubernetes alternates between two words for the same trouble, such as ErrImagePull and
		// ImagePullBackOff, for as long as it lasts. The loss of a pod is news.
		if computed.ReadyReplicas < stored.ReadyReplicas {
			return &event
		}
	case warnings[after.Reason] && before.Message != after.Message:
		return &event
	case after.Reason == v1alpha1.ReasonPaused && before.Status != after.Status:
		// A pause holds changes back, but not news of the pods.
		event = normal(v1alpha1.ReasonReady, after.Message)
		if after.Status != metav1.ConditionTrue {
			event = warning(v1alpha1.ReasonPodsNotReady, after.Message)
		}
		return &event
	}
	return nil
}

// readyReason returns the reason of Ready, or nothing.
func readyReason(of *v1alpha1.BarqClusterStatus) string {
	if ready := meta.FindStatusCondition(of.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Reason
	}
	return ""
}
