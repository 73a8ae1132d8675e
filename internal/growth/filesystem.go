package growth

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/internal/pvcs"
)

// onlineGrace is how long a file system may take to grow under a running pod. In every growth the PVC
// says that its file system has to be resized. The kubelet mostly does it at once, and only what
// remains after that needs a restart.
const onlineGrace = 30 * time.Second

// fileSystem is how far the file system of a grown volume is.
type fileSystem struct {
	reason fileSystemReason
	// left is when that changes although no watched object does.
	left time.Duration
}

type fileSystemReason int

const (
	// growsNow: the kubelet has a while to do it under the running pod.
	growsNow fileSystemReason = iota
	// growsAtStart: the file system grows at the next start, which needs no help.
	growsAtStart
	// needsRestart: the pod runs on, and its file system does not grow.
	needsRestart
	// stuck: the pod started after the volume had grown, and the start did not help.
	stuck
)

// fileSystemOf returns how far the file system of a volume is, if its PVC says that it has to be
// resized.
func fileSystemOf(o pvcs.Observation, pvc pvcs.PVC, now time.Time) fileSystem {
	pending := pvc.Condition(corev1.PersistentVolumeClaimFileSystemResizePending).LastTransitionTime
	pod := o.Pods[pvc.Pod]
	switch {
	case pvc.Ordinal >= o.Cluster.Spec.DesiredReplicas(),
		pod == nil, pod.DeletionTimestamp != nil, pod.Status.Phase == corev1.PodPending:
		return fileSystem{reason: growsAtStart}
	// Kubernetes stores times in seconds. If the pod was created in the second in which its volume had
	// grown, the order is unknown. One restart too many is better than none.
	case !pending.Before(&pod.CreationTimestamp):
		if left := onlineGrace - now.Sub(pending.Time); left > 0 {
			return fileSystem{reason: growsNow, left: left}
		}
		return fileSystem{reason: needsRestart}
	default:
		// One growth gets only one restart.
		if left := onlineGrace - now.Sub(pod.CreationTimestamp.Time); left > 0 {
			return fileSystem{reason: growsNow, left: left}
		}
		return fileSystem{reason: stuck}
	}
}
