package growth

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/requeue"
	"github.com/barq-db/barq-operator/internal/workload"
)

// Restarts says which pod is to restart, and what is known about the next one.
type Restarts struct {
	// Now is the PVC whose pod is to restart; nil when there is none.
	Now *pvcs.PVC
	// Left is when more is to be done although no watched object changes.
	Left time.Duration

	// blocked says what a due restart waits for.
	blocked string
}

// PlanRestarts chooses the pod to restart: the one with the highest number among those that do not
// answer, else among all. It waits for every other pod, so that at most one is away for its file
// system. It does not wait for a pod that waits for a restart itself.
func PlanRestarts(o pvcs.Observation, now time.Time) Restarts {
	var plan Restarts
	var due []pvcs.PVC
	for _, pvc := range o.Desired() {
		// A pod whose PVC is being deleted would start again on an empty volume.
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

// blocks says what the restart of the chosen pod waits for. A pod that does not answer does not wait
// for a rollout, because the rollout waits for the pod.
func blocks(o pvcs.Observation, chosen pvcs.PVC, due []pvcs.PVC, now time.Time) (string, time.Duration) {
	switch {
	case o.Cluster.Spec.Paused:
		return "spec.paused is false", 0
	case workload.Ready(o.Pods[chosen.Pod]) && rollsOut(o):
		return "the rollout is done", 0
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

// rollsOut reports whether the StatefulSet creates, replaces or removes pods.
func rollsOut(o pvcs.Observation) bool {
	return !workload.Scaled(o.StatefulSet, o.Cluster.Spec.DesiredReplicas()) || !workload.HasOneRevision(o.StatefulSet)
}
