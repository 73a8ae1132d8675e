package volumes

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/growth"
	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/retention"
)

// ownStatus is the part of the status that this package owns.
type ownStatus struct {
	Storage    *v1alpha1.StorageStatus `json:"storage,omitempty"`
	Conditions []metav1.Condition      `json:"conditions,omitempty"`
}

// resized returns the condition VolumesResized, or nil.
func (s ownStatus) resized() *metav1.Condition {
	return meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionVolumesResized)
}

// retained returns the condition VolumesRetained, or nil.
func (s ownStatus) retained() *metav1.Condition {
	return meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionVolumesRetained)
}

// storedStatus returns what this package wrote before.
func storedStatus(cluster *v1alpha1.BarqCluster) ownStatus {
	return ownStatus{Storage: cluster.Status.Storage, Conditions: clusters.VolumesPart.Stored(cluster)}
}

// compute returns the new status. now becomes the transition time of a condition that changes.
func compute(o pvcs.Observation, plan growth.Restarts, now time.Time) ownStatus {
	computed := ownStatus{
		Storage:    growth.Storage(o),
		Conditions: slices.Clone(storedStatus(o.Cluster).Conditions),
	}
	set := func(name string, condition metav1.Condition) {
		condition.Type = name
		condition.ObservedGeneration = o.Cluster.Generation
		condition.LastTransitionTime = metav1.NewTime(now)
		meta.SetStatusCondition(&computed.Conditions, condition)
	}
	set(v1alpha1.ConditionVolumesResized, growth.Condition(o, plan, now))
	if retained := retention.Condition(o); retained != nil {
		set(v1alpha1.ConditionVolumesRetained, *retained)
	} else {
		meta.RemoveStatusCondition(&computed.Conditions, v1alpha1.ConditionVolumesRetained)
	}
	return computed
}

// isEarly reports whether no volumes are expected: there is no StatefulSet yet.
func isEarly(o pvcs.Observation) bool {
	return storedStatus(o.Cluster).resized() == nil && o.Cluster.Spec.Tiering.HotPath != v1alpha1.HotPathEphemeralStorage &&
		o.StatefulSet == nil && len(o.PVCs) == 0
}

// onlyAwaits reports whether the only news is that some volumes do not exist yet. Before, the status
// said nothing of volumes, or that all had their size.
func onlyAwaits(o pvcs.Observation, computed ownStatus) bool {
	if o.Cluster.Spec.Tiering.HotPath == v1alpha1.HotPathEphemeralStorage || len(o.Missing()) == 0 {
		return false
	}
	before, after := storedStatus(o.Cluster).resized(), computed.resized()
	return (before == nil || before.Status == metav1.ConditionTrue) &&
		after.Status == metav1.ConditionUnknown && after.Reason == v1alpha1.ReasonNoVolumes
}
