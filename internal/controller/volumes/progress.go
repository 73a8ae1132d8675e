package volumes

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// progress is how far a volume is that is smaller than the spec asks for.
type progress struct {
	// reason of the condition VolumesResized, if this volume were the only one.
	reason string
	// text names the claim, what it has and what is awaited.
	text string
}

// isBehind tells whether a volume is there that is smaller than the spec asks for.
func (o observation) isBehind(v volume) bool {
	has := v.has()
	return !has.IsZero() && has.Cmp(o.cluster.Spec.DesiredSize()) < 0
}

// progressOf describes a volume that is behind.
func (o observation) progressOf(v volume, plan restarts, now time.Time) progress {
	has, size := v.has(), o.cluster.Spec.DesiredSize()
	say := func(reason, format string, args ...any) progress {
		return progress{reason, fmt.Sprintf("claim %s has %s, ", v.claim.Name, has.String()) + fmt.Sprintf(format, args...)}
	}
	refused, isRefused := o.refused[v.claim.UID]
	asks := v.asksFor()
	switch {
	case isRefused && asks.Cmp(size) > 0:
		// Kubernetes takes no growth back before 1.32.
		return say(v1alpha1.ReasonResizeRefused, "and its claim goes on asking for %s: %s", asks.String(), excerpt(refused.message))
	case isRefused:
		return say(v1alpha1.ReasonResizeRefused, "and may not grow in its storage class %s: %s",
			ptr.Deref(v.claim.Spec.StorageClassName, "none"), excerpt(refused.message))
	}
	switch v.resize() {
	case corev1.PersistentVolumeClaimControllerResizeInfeasible:
		return say(v1alpha1.ReasonResizeFailed, "and its storage cannot grow it%s",
			v.because(corev1.PersistentVolumeClaimControllerResizeError))
	case corev1.PersistentVolumeClaimNodeResizeInfeasible:
		return say(v1alpha1.ReasonResizeFailed, "and its node cannot grow the file system%s",
			v.because(corev1.PersistentVolumeClaimNodeResizeError))
	}
	switch {
	case v.claim.DeletionTimestamp != nil:
		return say(v1alpha1.ReasonResizing, "and is being deleted")
	case v.goes():
		return say(v1alpha1.ReasonResizing, "and has lost its volume")
	case o.cluster.Spec.Paused && asks.Cmp(size) < 0:
		return say(v1alpha1.ReasonResizing, "and grows once spec.paused is false")
	case v.condition(corev1.PersistentVolumeClaimFileSystemResizePending) != nil:
		return o.fileSystemProgress(v, plan, now, say)
	case v.condition(corev1.PersistentVolumeClaimControllerResizeError) != nil:
		return say(v1alpha1.ReasonResizeFailed, "and its storage failed to grow it and tries again%s",
			v.because(corev1.PersistentVolumeClaimControllerResizeError))
	default:
		return say(v1alpha1.ReasonResizing, "and its storage is growing it")
	}
}

// fileSystemProgress describes a volume that has grown, and its file system has not.
func (o observation) fileSystemProgress(
	v volume, plan restarts, now time.Time, say func(reason, format string, args ...any) progress,
) progress {
	const pending = v1alpha1.ReasonFileSystemResizePending
	switch o.fileSystemOf(v, now).reason {
	case growsAtStart:
		return say(pending, "and its file system grows when pod %s starts", v.pod)
	case needsRestart:
		if plan.now != nil && plan.now.pod == v.pod {
			return say(pending, "and its file system grows when pod %s restarts, which it does now", v.pod)
		}
		if plan.now != nil {
			return say(pending, "and its file system grows when pod %s restarts, which waits until pod %s has",
				v.pod, plan.now.pod)
		}
		return say(pending, "and its file system grows when pod %s restarts, which waits until %s", v.pod, plan.blocked)
	case stuck:
		return say(v1alpha1.ReasonResizeFailed, "and its file system did not grow, though pod %s has started since%s",
			v.pod, v.because(corev1.PersistentVolumeClaimNodeResizeError))
	default:
		return say(pending, "and its file system grows under the running pod %s", v.pod)
	}
}

// because gives what a condition of the claim says, if it says something.
func (v volume) because(name corev1.PersistentVolumeClaimConditionType) string {
	condition := v.condition(name)
	if condition == nil || condition.Message == "" {
		return ""
	}
	return ": " + excerpt(condition.Message)
}

// excerptLength is how much of other programs' messages is repeated for each claim.
const excerptLength = 300

func excerpt(message string) string {
	if runes := []rune(message); len(runes) > excerptLength {
		return string(runes[:excerptLength]) + "..."
	}
	return message
}
