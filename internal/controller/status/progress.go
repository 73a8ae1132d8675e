package status

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/podissue"
	"github.com/barq-db/barq-operator/internal/workload"
)

// waitingFor says what a roll-out waits for, pod by pod.
func (o Observation) waitingFor() string {
	var steps []string
	for _, name := range o.missing() {
		steps = append(steps, name+" is made")
	}
	for _, pod := range slices.SortedFunc(slices.Values(o.Pods), func(a, b corev1.Pod) int { return workload.ByOrdinal(a.Name, b.Name) }) {
		switch {
		case pod.DeletionTimestamp != nil:
			steps = append(steps, pod.Name+" stops")
		case workload.Ready(&pod):
		case !podissue.WithheldSince(&pod).IsZero():
			steps = append(steps, pod.Name+" passes its readiness gates")
		case podissue.HasContainers(&pod):
			// Its port opens only after that.
			steps = append(steps, pod.Name+" reads its data and answers")
		default:
			steps = append(steps, pod.Name+" starts")
		}
	}
	if len(steps) == 0 {
		return o.waitingForAll()
	}
	shown := steps[:min(len(steps), detailed)]
	if more := len(steps) - len(shown); more > 0 {
		shown = append(shown[:len(shown):len(shown)], fmt.Sprintf("%d more", more))
	}
	return "awaited: " + strings.Join(shown, ", ")
}

// cause says why the pods are replaced while they are; empty if none is of a former revision, or if that is not known.
func (o Observation) cause() string {
	set := o.StatefulSet
	if set == nil || workload.HasOneRevision(set) && !clusters.NotedCause(set).IsNew(set) {
		return ""
	}
	why := clusters.CauseOf(set)
	if why == "" {
		return ""
	}
	return "; the pods are replaced, because " + why
}

// waitingForAll says what is awaited when every pod answers.
func (o Observation) waitingForAll() string {
	if text := o.rolloutObstacle(); text != "" {
		return "awaited: that the operator puts it right: " + text
	}
	set := o.StatefulSet
	if set != nil && set.Spec.MinReadySeconds > 0 && o.rolledOut() && set.Status.AvailableReplicas < set.Status.ReadyReplicas {
		return fmt.Sprintf("awaited: that all have answered for %d s (spec.minReadySeconds)", set.Spec.MinReadySeconds)
	}
	return "pods are being made, replaced or removed"
}

// remaining says how many pods a roll-out has not come to besides those with an issue; empty when there is none.
func (o Observation) remaining(issues []podissue.Issue) string {
	set := o.StatefulSet
	if set == nil || workload.HasOneRevision(set) {
		return ""
	}
	left := ptr.Deref(set.Spec.Replicas, 0) - set.Status.UpdatedReplicas
	for i := range issues {
		if !o.updated(issues[i].Pod) {
			left--
		}
	}
	if left <= 0 {
		return ""
	}
	return fmt.Sprintf("; the roll-out goes on to the other %d after that", left)
}

// updated tells whether there is a pod of that name of the newest revision that is to stay.
func (o Observation) updated(name string) bool {
	return slices.ContainsFunc(o.Pods, func(pod corev1.Pod) bool {
		return pod.Name == name && pod.DeletionTimestamp == nil && !o.outdated(&pod)
	})
}

// rolloutObstacle says what keeps a roll-out from pods; empty if nothing does.
func (o Observation) rolloutObstacle() string {
	set := o.StatefulSet
	if set == nil {
		return ""
	}
	strategy := set.Spec.UpdateStrategy
	if strategy.Type == appsv1.OnDeleteStatefulSetStrategyType {
		return fmt.Sprintf("StatefulSet %s has the update strategy OnDelete, so no roll-out reaches its pods", set.Name)
	}
	if rolling := strategy.RollingUpdate; rolling != nil && ptr.Deref(rolling.Partition, 0) > 0 {
		return fmt.Sprintf("the update strategy of StatefulSet %s has the partition %d, so no roll-out reaches the pods below that number", set.Name, *rolling.Partition)
	}
	return ""
}

// obstacle says what of the objects around them keeps clients, the NetworkPolicy or the next roll-out from pods that answer;
// empty if nothing does. The operator puts it right, if it can.
func (o Observation) obstacle() string {
	if text := o.rolloutObstacle(); text != "" || o.StatefulSet == nil || o.Routes == nil {
		return text
	}
	return o.Routes.Obstacle(o.Cluster, o.StatefulSet, o.Pods)
}
