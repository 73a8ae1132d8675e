package volumes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/workload"
)

// ownStatus is the part of the status that this package owns.
type ownStatus struct {
	Storage    *v1alpha1.StorageStatus `json:"storage,omitempty"`
	Conditions []metav1.Condition      `json:"conditions,omitempty"`
}

// resized is the condition VolumesResized, or nil.
func (s ownStatus) resized() *metav1.Condition {
	return meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionVolumesResized)
}

// retained is the condition VolumesRetained, or nil.
func (s ownStatus) retained() *metav1.Condition {
	return meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionVolumesRetained)
}

// storedStatus gives what this package wrote before.
func storedStatus(cluster *v1alpha1.BarqCluster) ownStatus {
	stored := ownStatus{Storage: cluster.Status.Storage}
	for _, name := range clusters.VolumesPart.Conditions {
		if condition := meta.FindStatusCondition(cluster.Status.Conditions, name); condition != nil {
			stored.Conditions = append(stored.Conditions, *condition)
		}
	}
	return stored
}

// compute gives what the status is to say. now becomes the transition time of a
// condition that changes.
func (o observation) compute(plan restarts, now time.Time) ownStatus {
	computed := ownStatus{
		Storage:    o.storage(),
		Conditions: slices.Clone(storedStatus(o.cluster).Conditions),
	}
	set := func(name string, condition metav1.Condition) {
		condition.Type = name
		condition.ObservedGeneration = o.cluster.Generation
		condition.LastTransitionTime = metav1.NewTime(now)
		meta.SetStatusCondition(&computed.Conditions, condition)
	}
	set(v1alpha1.ConditionVolumesResized, o.condition(plan, now))
	if retained := o.retainedCondition(); retained != nil {
		set(v1alpha1.ConditionVolumesRetained, *retained)
	} else {
		meta.RemoveStatusCondition(&computed.Conditions, v1alpha1.ConditionVolumesRetained)
	}
	return computed
}

// early tells whether nobody expects volumes: there is no StatefulSet yet.
func (o observation) early() bool {
	return storedStatus(o.cluster).resized() == nil && o.cluster.Spec.Tiering.HotPath != v1alpha1.HotPathEphemeralStorage &&
		o.statefulSet == nil && len(o.volumes) == 0
}

// onlyAwaits tells whether what was computed says of volumes of which nothing was said, or which all had their size, nothing
// but that some are not there yet.
func (o observation) onlyAwaits(computed ownStatus) bool {
	if o.cluster.Spec.Tiering.HotPath == v1alpha1.HotPathEphemeralStorage || len(o.missing()) == 0 {
		return false
	}
	before, after := storedStatus(o.cluster).resized(), computed.resized()
	return (before == nil || before.Status == metav1.ConditionTrue) &&
		after.Status == metav1.ConditionUnknown && after.Reason == v1alpha1.ReasonNoVolumes
}

// storage sums up what the volumes have. The capacity counts volumes of pods that
// are gone too, because they may be used again and cannot shrink either. nil while no claim has a volume.
func (o observation) storage() *v1alpha1.StorageStatus {
	found := &v1alpha1.StorageStatus{Capacity: o.largest()}
	if found.Capacity == nil {
		// Server-side apply makes null of an object that is empty, which the API server refuses.
		return nil
	}
	for _, v := range o.desired() {
		if has := v.has(); has.IsZero() {
			continue
		}
		found.Volumes++
		if !o.isBehind(v) {
			found.ResizedVolumes++
		}
	}
	return found
}

// largest is the size of the largest volume, or nil while there is none.
func (o observation) largest() *resource.Quantity {
	var largest *resource.Quantity
	for _, v := range o.volumes {
		if has := v.has(); !has.IsZero() && (largest == nil || has.Cmp(*largest) > 0) {
			largest = &has
		}
	}
	return largest
}

// weight orders the reasons of volumes that are behind: what a person can do
// something about comes first.
var weight = []string{
	v1alpha1.ReasonResizeRefused,
	v1alpha1.ReasonResizeFailed,
	v1alpha1.ReasonFileSystemResizePending,
	v1alpha1.ReasonResizing,
}

// named is how many claims a message names; a condition has to end somewhere.
const named = 20

// condition says how far the volumes are.
func (o observation) condition(plan restarts, now time.Time) metav1.Condition {
	var behind []progress
	for _, v := range o.inUse() {
		if o.isBehind(v) {
			behind = append(behind, o.progressOf(v, plan, now))
		}
	}
	size := o.cluster.Spec.DesiredSize()
	switch missing, risks := o.missing(), o.risks(); {
	case len(risks) > 0:
		return metav1.Condition{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonDataAtRisk, Message: list(risks)}
	case len(behind) > 0:
		// All claims of the weightiest reason are named before the others.
		slices.SortStableFunc(behind, func(a, b progress) int {
			return slices.Index(weight, a.reason) - slices.Index(weight, b.reason)
		})
		reason := behind[0].reason
		var texts []string
		for _, found := range behind {
			texts = append(texts, found.text)
		}
		message := fmt.Sprintf("each volume is to have %s: %s", size.String(), list(texts))
		if advice := o.advice(reason); advice != "" {
			message += "; " + advice
		}
		return metav1.Condition{Status: metav1.ConditionFalse, Reason: reason, Message: message}
	case o.cluster.Spec.Tiering.HotPath == v1alpha1.HotPathEphemeralStorage:
		return metav1.Condition{
			Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNoVolumes,
			Message: "the data directory is on no volume (spec.tiering.hotPath)",
		}
	case len(missing) > 0:
		differ := o.differences()
		return metav1.Condition{
			Status: metav1.ConditionUnknown, Reason: reasonOf(differ, v1alpha1.ReasonNoVolumes),
			Message: "no volume yet: " + list(append(missing, differ...)),
		}
	case len(o.volumes) == 0:
		return metav1.Condition{
			Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNoVolumes, Message: "there is no volume, and no pod is asked for",
		}
	default:
		differ := o.differences()
		return metav1.Condition{
			Status: metav1.ConditionTrue, Reason: reasonOf(differ, v1alpha1.ReasonSizeReached),
			Message: list(append([]string{fmt.Sprintf("every volume has at least %s", size.String())}, differ...)),
		}
	}
}

// reasonOf returns the reason if no claim differs from the spec.
func reasonOf(differ []string, otherwise string) string {
	if len(differ) > 0 {
		return v1alpha1.ReasonVolumesDiffer
	}
	return otherwise
}

// missing names the claims without a volume of the pods that the spec asks for.
func (o observation) missing() []string {
	byName := map[string]volume{}
	for _, v := range o.volumes {
		byName[v.claim.Name] = v
	}
	var found []string
	for ordinal := range o.cluster.Spec.DesiredReplicas() {
		name := clusters.ClaimName(workload.PodName(o.cluster.Name, ordinal))
		if v, ok := byName[name]; !ok {
			found = append(found, fmt.Sprintf("claim %s is awaited", name))
		} else if v.goes() && !o.uses(v) {
			// Its size says nothing of the volume that the pod gets.
			text := fmt.Sprintf("claim %s is being deleted, and another one is made for pod %s", name, v.pod)
			if v.claim.DeletionTimestamp == nil {
				text = fmt.Sprintf("claim %s has lost its volume %s", name, volumeName(v.claim))
			}
			found = append(found, text)
		} else if has := v.has(); has.IsZero() {
			class := "its class is the default one, and there is none"
			if named := ptr.Deref(v.claim.Spec.StorageClassName, ""); named != "" {
				class = "its class is " + named
			}
			found = append(found, fmt.Sprintf("claim %s is not bound, %s%s", name, class, o.words[v.claim.UID]))
		}
	}
	return found
}

// advice says what to do about a reason, if there is something.
func (o observation) advice(reason string) string {
	switch reason {
	case v1alpha1.ReasonResizeRefused:
		return fmt.Sprintf("allow the growth, or write a spec.storage.size that the volumes have; it is tried again after %d minutes",
			int(refusedAgainAfter.Minutes()))
	case v1alpha1.ReasonResizeFailed:
		return "the events of the claim say more; to take the growth back, write a spec.storage.size that the volumes have"
	default:
		return ""
	}
}

// list joins the texts, and leaves out what is too much.
func list(texts []string) string {
	if len(texts) <= named {
		return strings.Join(texts, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(texts[:named], "; "), len(texts)-named)
}
