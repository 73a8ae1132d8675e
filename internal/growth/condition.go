package growth

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/pvcs"
)

// Storage sums up the sizes of the volumes. The capacity includes the volumes of pods that are gone,
// because they may be used again and cannot shrink either. It is nil while no PVC has a volume.
func Storage(o pvcs.Observation) *v1alpha1.StorageStatus {
	found := &v1alpha1.StorageStatus{Capacity: largest(o)}
	if found.Capacity == nil {
		// Server-side apply turns an empty object into null, which the API server refuses.
		return nil
	}
	for _, pvc := range o.Desired() {
		if has := pvc.Has(); has.IsZero() {
			continue
		}
		found.Volumes++
		if !isBehind(o, pvc) {
			found.ResizedVolumes++
		}
	}
	return found
}

// largest returns the size of the largest volume, or nil while there is none.
func largest(o pvcs.Observation) *resource.Quantity {
	var largest *resource.Quantity
	for _, pvc := range o.PVCs {
		if has := pvc.Has(); !has.IsZero() && (largest == nil || has.Cmp(*largest) > 0) {
			largest = &has
		}
	}
	return largest
}

// weight orders the reasons of volumes that are behind: those that a person can act on come first.
var weight = []string{
	v1alpha1.ReasonResizeRefused,
	v1alpha1.ReasonResizeFailed,
	v1alpha1.ReasonFileSystemResizePending,
	v1alpha1.ReasonResizing,
}

// Condition returns status, reason and message of the condition VolumesResized: how far the volumes are.
func Condition(o pvcs.Observation, plan Restarts, now time.Time) metav1.Condition {
	var behind []progress
	for _, pvc := range o.InUse() {
		if isBehind(o, pvc) {
			behind = append(behind, progressOf(o, pvc, plan, now))
		}
	}
	size := o.Cluster.Spec.DesiredSize()
	switch missing, risks := o.Missing(), o.Risks(); {
	case len(risks) > 0:
		return metav1.Condition{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonDataAtRisk, Message: pvcs.List(risks)}
	case len(behind) > 0:
		return conditionOf(behind, size)
	case o.Cluster.Spec.Tiering.HotPath == v1alpha1.HotPathEphemeralStorage:
		return metav1.Condition{
			Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNoVolumes,
			Message: "the data directory is on no volume (spec.tiering.hotPath)",
		}
	case len(missing) > 0:
		differ := o.Differences()
		return metav1.Condition{
			Status: metav1.ConditionUnknown, Reason: reasonOf(differ, v1alpha1.ReasonNoVolumes),
			Message: "no volume yet: " + pvcs.List(append(missing, differ...)),
		}
	case len(o.PVCs) == 0:
		return metav1.Condition{
			Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNoVolumes, Message: "there is no volume, and no pod is asked for",
		}
	default:
		differ := o.Differences()
		return metav1.Condition{
			Status: metav1.ConditionTrue, Reason: reasonOf(differ, v1alpha1.ReasonSizeReached),
			Message: pvcs.List(append([]string{fmt.Sprintf("every volume has at least %s", size.String())}, differ...)),
		}
	}
}

// conditionOf returns the condition of volumes that are behind. The PVCs of the most important reason
// come first in the message.
func conditionOf(behind []progress, size resource.Quantity) metav1.Condition {
	slices.SortStableFunc(behind, func(a, b progress) int {
		return slices.Index(weight, a.reason) - slices.Index(weight, b.reason)
	})
	reason := behind[0].reason
	var texts []string
	for _, found := range behind {
		texts = append(texts, found.text)
	}
	message := fmt.Sprintf("each volume is to have %s: %s", size.String(), pvcs.List(texts))
	if advice := adviceOf(reason); advice != "" {
		message += "; " + advice
	}
	return metav1.Condition{Status: metav1.ConditionFalse, Reason: reason, Message: message}
}

// reasonOf returns ReasonVolumesDiffer if a PVC differs from the spec, else the given reason.
func reasonOf(differ []string, otherwise string) string {
	if len(differ) > 0 {
		return v1alpha1.ReasonVolumesDiffer
	}
	return otherwise
}

// adviceOf returns advice about a reason, if there is any.
func adviceOf(reason string) string {
	switch reason {
	case v1alpha1.ReasonResizeRefused:
		return fmt.Sprintf("allow the growth, or write a spec.storage.size that the volumes have; the operator tries again after %d minutes",
			int(pvcs.RefusedAgainAfter.Minutes()))
	case v1alpha1.ReasonResizeFailed:
		return "the events of the PVC say more; to take the growth back, write a spec.storage.size that the volumes have"
	default:
		return ""
	}
}
