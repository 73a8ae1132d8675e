package growth

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/pvcs"
)

// progress is how far a volume is that is smaller than the spec asks for.
type progress struct {
	// reason of the condition VolumesResized, if this volume were the only one.
	reason string
	// text names the PVC, its size and what it waits for.
	text string
}

// isBehind reports whether a volume exists that is smaller than the spec asks for.
func isBehind(o pvcs.Observation, pvc pvcs.PVC) bool {
	has := pvc.Has()
	return !has.IsZero() && has.Cmp(o.Cluster.Spec.DesiredSize()) < 0
}

// progressOf describes a volume that is behind.
func progressOf(o pvcs.Observation, pvc pvcs.PVC, plan Restarts, now time.Time) progress {
	has := pvc.Has()
	found := currentStep(o, pvc, plan, now)
	found.text = fmt.Sprintf("PVC %s has %s, %s", pvc.Name, has.String(), found.text)
	return found
}

// currentStep describes what the growth of a volume waits for.
func currentStep(o pvcs.Observation, pvc pvcs.PVC, plan Restarts, now time.Time) progress {
	size, asks := o.Cluster.Spec.DesiredSize(), pvc.AsksFor()
	refused, isRefused := o.GrowthRefusals[pvc.UID]
	switch {
	case isRefused && asks.Cmp(size) > 0:
		// Before 1.32 Kubernetes takes no growth back.
		return progress{v1alpha1.ReasonResizeRefused, fmt.Sprintf("and its PVC still asks for %s: %s",
			asks.String(), pvcs.Excerpt(refused.Message))}
	case isRefused:
		return progress{v1alpha1.ReasonResizeRefused, fmt.Sprintf("and may not grow in its storage class %s: %s",
			ptr.Deref(pvc.Spec.StorageClassName, "none"), pvcs.Excerpt(refused.Message))}
	}
	switch resizeStatus(pvc) {
	case corev1.PersistentVolumeClaimControllerResizeInfeasible:
		return progress{v1alpha1.ReasonResizeFailed, "and its storage cannot grow it" +
			because(pvc, corev1.PersistentVolumeClaimControllerResizeError)}
	case corev1.PersistentVolumeClaimNodeResizeInfeasible:
		return progress{v1alpha1.ReasonResizeFailed, "and its node cannot grow the file system" +
			because(pvc, corev1.PersistentVolumeClaimNodeResizeError)}
	}
	switch {
	case pvc.DeletionTimestamp != nil:
		return progress{v1alpha1.ReasonResizing, "and is being deleted"}
	case pvc.Goes():
		return progress{v1alpha1.ReasonResizing, "and has lost its volume"}
	case o.Cluster.Spec.Paused && asks.Cmp(size) < 0:
		return progress{v1alpha1.ReasonResizing, "and grows once spec.paused is false"}
	case pvc.Condition(corev1.PersistentVolumeClaimFileSystemResizePending) != nil:
		return fileSystemStep(o, pvc, plan, now)
	case pvc.Condition(corev1.PersistentVolumeClaimControllerResizeError) != nil:
		return progress{v1alpha1.ReasonResizeFailed, "and its storage failed to grow it and tries again" +
			because(pvc, corev1.PersistentVolumeClaimControllerResizeError)}
	default:
		return progress{v1alpha1.ReasonResizing, "and its storage is growing it"}
	}
}

// fileSystemStep describes a volume that has grown while its file system has not.
func fileSystemStep(o pvcs.Observation, pvc pvcs.PVC, plan Restarts, now time.Time) progress {
	const pending = v1alpha1.ReasonFileSystemResizePending
	switch fileSystemOf(o, pvc, now).reason {
	case growsAtStart:
		return progress{pending, fmt.Sprintf("and its file system grows when pod %s starts", pvc.Pod)}
	case needsRestart:
		waits := "which waits until " + plan.blocked
		switch {
		case plan.Now != nil && plan.Now.Pod == pvc.Pod:
			waits = "which it does now"
		case plan.Now != nil:
			waits = fmt.Sprintf("which waits until pod %s has", plan.Now.Pod)
		}
		return progress{pending, fmt.Sprintf("and its file system grows when pod %s restarts, %s", pvc.Pod, waits)}
	case stuck:
		return progress{v1alpha1.ReasonResizeFailed, fmt.Sprintf("and its file system did not grow, though pod %s has started since%s",
			pvc.Pod, because(pvc, corev1.PersistentVolumeClaimNodeResizeError))}
	default:
		return progress{pending, fmt.Sprintf("and its file system grows under the running pod %s", pvc.Pod)}
	}
}

// because returns the message of a condition of the PVC, if there is one.
func because(pvc pvcs.PVC, name corev1.PersistentVolumeClaimConditionType) string {
	condition := pvc.Condition(name)
	if condition == nil || condition.Message == "" {
		return ""
	}
	return ": " + pvcs.Excerpt(condition.Message)
}
