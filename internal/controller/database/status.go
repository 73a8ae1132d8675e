package database

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/database"
	"github.com/barq-db/barq-operator/internal/message"
	"github.com/barq-db/barq-operator/internal/tiering"
)

// ownStatus is the part of the status that this controller writes.
type ownStatus struct {
	Database   *v1alpha1.DatabaseStatus `json:"database,omitempty"`
	Tiering    *v1alpha1.TieringStatus  `json:"tiering,omitempty"`
	Conditions []metav1.Condition       `json:"conditions,omitempty"`
}

// storedStatus returns what the controller wrote before.
func storedStatus(cluster *v1alpha1.BarqCluster) ownStatus {
	return ownStatus{Database: cluster.Status.Database, Tiering: cluster.Status.Tiering, Conditions: clusters.DatabasePart.Stored(cluster)}
}

// compute returns the new status. A condition about which nothing is known stays as it was.
func compute(o database.Observation) ownStatus {
	stored := storedStatus(o.Cluster)
	computed := ownStatus{
		Database:   database.Newer(stored.Database, database.Status(o), o.Now),
		Conditions: slices.Clone(stored.Conditions),
	}
	set := func(name string, condition *metav1.Condition) {
		if condition == nil {
			return
		}
		condition.Type, condition.ObservedGeneration, condition.LastTransitionTime = name, o.Cluster.Generation, metav1.NewTime(o.Now)
		meta.SetStatusCondition(&computed.Conditions, *condition)
	}
	reachable := database.AgentReachable(o)
	set(v1alpha1.ConditionAgentReachable, &reachable)
	set(v1alpha1.ConditionLogIntact, database.LogIntact(o))
	set(v1alpha1.ConditionSpaceAvailable, database.SpaceAvailable(o))
	set(v1alpha1.ConditionMemoryTight, database.MemoryTight(o))
	set(v1alpha1.ConditionIndexesSound, database.IndexesSound(o))
	if !o.Cluster.Spec.IsArchived() {
		meta.RemoveStatusCondition(&computed.Conditions, v1alpha1.ConditionTiersReachable)
		meta.RemoveStatusCondition(&computed.Conditions, v1alpha1.ConditionArchiving)
		return computed
	}
	computed.Tiering = tiering.Newer(stored.Tiering, tiering.Status(o), o.Now)
	set(v1alpha1.ConditionTiersReachable, tiering.TiersReachable(o))
	set(v1alpha1.ConditionArchiving, tiering.Archiving(o))
	return computed
}

// bad is the status of a condition that a person has to know about.
func bad(condition string) metav1.ConditionStatus {
	if condition == v1alpha1.ConditionMemoryTight {
		return metav1.ConditionTrue
	}
	return metav1.ConditionFalse
}

// announce records an event for each condition that has become bad, or is so for another reason. It compares with the
// stored conditions, so a restarted operator repeats none. Other writes in quarantine are another message.
func (r *Reconciler) announce(cluster *v1alpha1.BarqCluster, stored, computed ownStatus) {
	for _, condition := range computed.Conditions {
		if condition.Status != bad(condition.Type) {
			continue
		}
		before := meta.FindStatusCondition(stored.Conditions, condition.Type)
		if before == nil || before.Reason != condition.Reason ||
			condition.Type == v1alpha1.ConditionLogIntact && before.Message != condition.Message {
			kind := corev1.EventTypeWarning
			if condition.Reason == v1alpha1.ReasonRestoring {
				// So it is at each start of a pod whose disk is a cache.
				kind = corev1.EventTypeNormal
			}
			r.Events.Eventf(cluster, nil, kind, condition.Reason, "Ask", "%s", message.Bound(condition.Message, message.EventLimit))
		}
	}
}
