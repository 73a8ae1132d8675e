package growth

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/requeue"
	"github.com/barq-db/barq-operator/internal/workload"
)

// Restarts is which pod is to restart, and what is to be known for the next one.
type Restarts struct {
	// Now is the PVC whose pod is to restart; nil when there is none.
	Now *pvcs.PVC
	// Left is when there will be more to do though nothing that is watched changes.
	Left time.Duration

	// blocked says what a restart that is due waits for.
	blocked string
}

// PlanRestarts chooses the pod to restart: of those that do not answer anyway, else
// of all, the one with the highest number. It waits for every other pod, so that never
// more than one is away for its file system; only one that waits for a restart
// itself is not waited for.
func PlanRestarts(o pvcs.Observation, now time.Time) Restarts {
	var plan Restarts
	var due []pvcs.PVC
	for _, pvc := range o.Desired() {
		// A pod whose PVC goes would be made again on an empty volume.
		if !isBehind(o, pvc) || pvc.Goes() || pvc.Condition(corev1.PersistentVolumeClaimFileSystemResizePending) == nil {
			continue
		}
		found := fileSystemOf(o, pvc, now)
		plan.Left = requeue.Sooner(plan.Left, found.left)
		if found.reason == needsRestart {
			due = append(due, pvc)
		}
	}
	if len(due) == 0 {
		return plan
	}
	chosen := due[len(due)-1]
	for _, pvc := range due {
		if !workload.Ready(o.Pods[pvc.Pod]) {
			chosen = pvc
		}
	}

	var left time.Duration
	plan.blocked, left = blocks(o, chosen, due, now)
	plan.Left = requeue.Sooner(plan.Left, left)
	if plan.blocked == "" {
		plan.Now = &chosen
	}
	return plan
}

// blocks says what the restart of the pod that was chosen of those due waits for. A
// rollout is not waited for by a pod that does not answer: the rollout waits for it.
func blocks(o pvcs.Observation, chosen pvcs.PVC, due []pvcs.PVC, now time.Time) (string, time.Duration) {
	switch {
	case o.Cluster.Spec.Paused:
		return "spec.paused is false", 0
	case workload.Ready(o.Pods[chosen.Pod]) && rollsOut(o):
		return "the roll-out is done", 0
	}
	waits := map[string]bool{}
	for _, pvc := range due {
		waits[pvc.Pod] = true
	}
	for ordinal := range o.Cluster.Spec.DesiredReplicas() {
		name := workload.PodName(o.Cluster.Name, ordinal)
		if waits[name] {
			continue
		}
		pod := o.Pods[name]
		if pod == nil || !workload.Ready(pod) {
			return fmt.Sprintf("pod %s answers", name), 0
		}
		if left := workload.AvailableIn(pod, o.StatefulSet.Spec.MinReadySeconds, now); left > 0 {
			return fmt.Sprintf("pod %s has answered for %s", name, time.Duration(o.StatefulSet.Spec.MinReadySeconds)*time.Second), left
		}
	}
	return "", 0
}

// rollsOut reports whether the StatefulSet makes, replaces or removes pods.
func rollsOut(o pvcs.Observation) bool {
	return !workload.Scaled(o.StatefulSet, o.Cluster.Spec.DesiredReplicas()) || !workload.HasOneRevision(o.StatefulSet)
}
