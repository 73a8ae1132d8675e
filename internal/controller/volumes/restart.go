package volumes

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/internal/requeue"
	"github.com/barq-db/barq-operator/internal/workload"
)

// onlineGrace is how long a file system may take to grow under a running pod. The
// claim says that its file system has to be resized in every growth; mostly the
// kubelet does it at once, and only what is left after that needs a restart.
const onlineGrace = 30 * time.Second

// fileSystem is how far the file system of a grown volume is.
type fileSystem struct {
	reason fileSystemReason
	// left is when it will be further though nothing that is watched changes.
	left time.Duration
}

type fileSystemReason int

const (
	// growsNow: the kubelet has a while to do it under the running pod.
	growsNow fileSystemReason = iota
	// growsAtStart: the pod will start by itself.
	growsAtStart
	// needsRestart: the pod runs on, and its file system does not grow.
	needsRestart
	// stuck: the pod started after the volume had grown, and it did not help.
	stuck
)

// fileSystemOf looks at a volume whose claim says that its file system has to be
// resized.
func (o observation) fileSystemOf(v volume, now time.Time) fileSystem {
	pending := v.condition(corev1.PersistentVolumeClaimFileSystemResizePending).LastTransitionTime
	pod := o.pods[v.pod]
	switch {
	case v.ordinal >= o.cluster.Spec.DesiredReplicas(),
		pod == nil, pod.DeletionTimestamp != nil, pod.Status.Phase == corev1.PodPending:
		return fileSystem{reason: growsAtStart}
	// Kubernetes has times in seconds. Of a pod that was made in the one in which its volume
	// had grown nobody knows which came first, and one restart too many is better than none.
	case !pending.Before(&pod.CreationTimestamp):
		if left := onlineGrace - now.Sub(pending.Time); left > 0 {
			return fileSystem{reason: growsNow, left: left}
		}
		return fileSystem{reason: needsRestart}
	default:
		// A restart is not tried twice for one growth.
		if left := onlineGrace - now.Sub(pod.CreationTimestamp.Time); left > 0 {
			return fileSystem{reason: growsNow, left: left}
		}
		return fileSystem{reason: stuck}
	}
}

// restarts is which pod is to restart, and what is to be known for the next one.
type restarts struct {
	// now is the volume whose pod is to restart; nil when there is none.
	now *volume
	// blocked says what a restart that is due waits for.
	blocked string
	// left is when there will be more to do though nothing that is watched changes.
	left time.Duration
}

// planRestarts chooses the pod to restart: of those that do not answer anyway, else
// of all, the one with the highest number. It waits for every other pod, so that never
// more than one is away for its file system; only one that waits for a restart
// itself is not waited for.
func (o observation) planRestarts(now time.Time) restarts {
	var plan restarts
	var due []volume
	for _, v := range o.desired() {
		// A pod whose claim goes would be made again on an empty volume.
		if !o.isBehind(v) || v.goes() || v.condition(corev1.PersistentVolumeClaimFileSystemResizePending) == nil {
			continue
		}
		found := o.fileSystemOf(v, now)
		plan.left = requeue.Sooner(plan.left, found.left)
		if found.reason == needsRestart {
			due = append(due, v)
		}
	}
	if len(due) == 0 {
		return plan
	}
	chosen := due[len(due)-1]
	for _, v := range due {
		if !workload.Ready(o.pods[v.pod]) {
			chosen = v
		}
	}

	var left time.Duration
	plan.blocked, left = o.blocks(chosen, due, now)
	plan.left = requeue.Sooner(plan.left, left)
	if plan.blocked == "" {
		plan.now = &chosen
	}
	return plan
}

// blocks says what the restart of the pod that was chosen of those due waits for. A
// roll-out is not waited for by a pod that does not answer: the roll-out waits for it.
func (o observation) blocks(chosen volume, due []volume, now time.Time) (string, time.Duration) {
	switch {
	case o.cluster.Spec.Paused:
		return "spec.paused is false", 0
	case workload.Ready(o.pods[chosen.pod]) && o.rollsOut():
		return "the roll-out is done", 0
	}
	waits := map[string]bool{}
	for _, v := range due {
		waits[v.pod] = true
	}
	for ordinal := range o.cluster.Spec.DesiredReplicas() {
		name := workload.PodName(o.cluster.Name, ordinal)
		if waits[name] {
			continue
		}
		pod := o.pods[name]
		if pod == nil || !workload.Ready(pod) {
			return fmt.Sprintf("pod %s answers", name), 0
		}
		if left := workload.AvailableIn(pod, o.statefulSet.Spec.MinReadySeconds, now); left > 0 {
			return fmt.Sprintf("pod %s has answered for %s", name, time.Duration(o.statefulSet.Spec.MinReadySeconds)*time.Second), left
		}
	}
	return "", 0
}

// rollsOut tells whether the StatefulSet makes, replaces or removes pods.
func (o observation) rollsOut() bool {
	return !workload.Scaled(o.statefulSet, o.cluster.Spec.DesiredReplicas()) || !workload.HasOneRevision(o.statefulSet)
}
