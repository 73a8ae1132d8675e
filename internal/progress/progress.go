package progress

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/internal/absence"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/podissue"
	"github.com/barq-db/barq-operator/internal/workload"
)

// detailed is how many pods a message describes; it counts the others.
const detailed = 4

// WaitingFor says what a rollout to the desired number of pods waits for, pod by pod.
func WaitingFor(set *appsv1.StatefulSet, pods []corev1.Pod, desired int32) string {
	var steps []string
	for _, name := range absence.Missing(set, pods) {
		steps = append(steps, name+" to be created")
	}
	for _, pod := range slices.SortedFunc(slices.Values(pods), func(a, b corev1.Pod) int { return workload.ByOrdinal(a.Name, b.Name) }) {
		switch {
		case pod.DeletionTimestamp != nil:
			steps = append(steps, pod.Name+" to stop")
		case workload.Ready(&pod):
		case !podissue.WithheldSince(&pod).IsZero():
			steps = append(steps, pod.Name+" to pass its readiness gates")
		case podissue.HasContainers(&pod):
			// The port opens only after the data is read.
			steps = append(steps, pod.Name+" to read its data and answer")
		default:
			steps = append(steps, pod.Name+" to start")
		}
	}
	if len(steps) == 0 {
		return waitingForAll(set, desired)
	}
	shown := steps[:min(len(steps), detailed)]
	if more := len(steps) - len(shown); more > 0 {
		shown = append(shown[:len(shown):len(shown)], fmt.Sprintf("%d more", more))
	}
	return "waiting for " + strings.Join(shown, ", ")
}

// waitingForAll says what a rollout waits for when every pod answers.
func waitingForAll(set *appsv1.StatefulSet, desired int32) string {
	if text := Obstacle(set); text != "" {
		return "waiting for the operator to revert this: " + text
	}
	if set != nil && set.Spec.MinReadySeconds > 0 && workload.RolledOut(set, desired) && set.Status.AvailableReplicas < set.Status.ReadyReplicas {
		return fmt.Sprintf("waiting until all have answered for %d s (spec.minReadySeconds)", set.Spec.MinReadySeconds)
	}
	return "pods are being created, replaced or deleted"
}

// Cause says why the pods are being replaced; empty if no pod is of a former revision, or the cause is
// unknown.
func Cause(set *appsv1.StatefulSet) string {
	if set == nil || workload.HasOneRevision(set) && !clusters.NotedCause(set).IsNew(set) {
		return ""
	}
	why := clusters.CauseOf(set)
	if why == "" {
		return ""
	}
	return "; the pods are replaced, because " + why
}

// Remaining says how many pods without an issue a rollout has not reached yet; empty if there are
// none.
func Remaining(set *appsv1.StatefulSet, pods []corev1.Pod, issues []podissue.Issue) string {
	if set == nil || workload.HasOneRevision(set) {
		return ""
	}
	left := ptr.Deref(set.Spec.Replicas, 0) - set.Status.UpdatedReplicas
	for i := range issues {
		if !updated(set, pods, issues[i].Pod) {
			left--
		}
	}
	if left <= 0 {
		return ""
	}
	return fmt.Sprintf("; after that the rollout goes on to the other %d", left)
}

// updated reports whether a pod of that name and of the newest revision exists and is to stay.
func updated(set *appsv1.StatefulSet, pods []corev1.Pod, name string) bool {
	return slices.ContainsFunc(pods, func(pod corev1.Pod) bool {
		return pod.Name == name && pod.DeletionTimestamp == nil && !workload.Outdated(set, &pod)
	})
}

// Obstacle says what keeps a rollout from pods; empty if nothing does.
func Obstacle(set *appsv1.StatefulSet) string {
	if set == nil {
		return ""
	}
	strategy := set.Spec.UpdateStrategy
	if strategy.Type == appsv1.OnDeleteStatefulSetStrategyType {
		return fmt.Sprintf("StatefulSet %s has the update strategy OnDelete, so no rollout reaches its pods", set.Name)
	}
	if rolling := strategy.RollingUpdate; rolling != nil && ptr.Deref(rolling.Partition, 0) > 0 {
		return fmt.Sprintf("the update strategy of StatefulSet %s has the partition %d, so no rollout reaches the pods below that number", set.Name, *rolling.Partition)
	}
	return ""
}
