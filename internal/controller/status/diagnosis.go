package status

import (
	"cmp"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// grace is for how long a state is ordinary that every pod passes through: to have no
// node, until its volume is bound, or to be still there when its grace period ends.
const grace = 10 * time.Second

// diagnosis is what a pod tells of itself.
type diagnosis struct {
	// trouble, or nil.
	trouble *trouble
	// changes is when there will be another diagnosis though the pod stays as it is;
	// zero if there will not.
	changes time.Time
}

// diagnose looks at one pod. One that is starting in the ordinary way is in trouble
// only when that takes longer than the deadline; one whose database has started and
// reads its data, never.
func diagnose(pod *corev1.Pod, now time.Time, deadline time.Duration) diagnosis {
	switch {
	case answers(pod):
		return diagnosis{}
	case pod.DeletionTimestamp != nil:
		return after(pod.DeletionTimestamp.Add(grace), terminating(pod), now, deadline)
	case pod.Status.Phase == corev1.PodFailed:
		return after(time.Time{}, failed(pod), now, deadline)
	}
	if found := nodeLost(pod); found != nil {
		return after(time.Time{}, found, now, deadline)
	}
	if found := gated(pod); found != nil {
		return after(found.since.Add(deadline), found, now, deadline)
	}
	if condition := podCondition(pod, corev1.PodScheduled); condition != nil && condition.Status == corev1.ConditionFalse {
		return after(condition.LastTransitionTime.Add(grace), unscheduled(pod, condition), now, deadline)
	}
	if found := containerTrouble(pod); found != nil {
		return after(time.Time{}, found, now, deadline)
	}
	if !hasContainers(pod) {
		found := uncreated(pod)
		return after(found.since.Add(deadline), found, now, deadline)
	}
	return diagnosis{}
}

// diagnose looks at one of the pods. The trouble of one that is about to be replaced, as all are when the spec has just been
// corrected, does not count towards the deadline, and the replacement ends it.
func (o Observation) diagnose(pod *corev1.Pod, now time.Time) diagnosis {
	found := diagnose(pod, now, o.Cluster.Spec.ProgressDeadline())
	if found.trouble != nil && o.outdated(pod) {
		found.trouble.since, found.changes = time.Time{}, time.Time{}
		found.trouble.awaited = "its replacement by one of the newest spec"
	}
	return found
}

// outdated tells whether the pod is of a former revision.
func (o Observation) outdated(pod *corev1.Pod) bool {
	set := o.StatefulSet
	return set != nil && pod.DeletionTimestamp == nil &&
		(set.Status.ObservedGeneration < set.Generation || pod.Labels[appsv1.StatefulSetRevisionLabel] != set.Status.UpdateRevision)
}

// after is a trouble from the given time on, which weighs more at the deadline.
func after(begin time.Time, found *trouble, now time.Time, deadline time.Duration) diagnosis {
	if now.Before(begin) {
		return diagnosis{changes: begin}
	}
	result := diagnosis{trouble: found}
	if !found.since.IsZero() && !found.lastsFor(deadline, now) {
		result.changes = found.since.Add(deadline)
	}
	return result
}

// terminating is the trouble of a pod that is to go. Its deletionTimestamp is the end
// of its grace period.
func terminating(pod *corev1.Pod) *trouble {
	end := pod.DeletionTimestamp.UTC()
	found := &trouble{
		pod: pod.Name, reason: reasonTerminating, since: end,
		message: "its grace period ended at " + end.Format(time.RFC3339) + " and it is still there",
		awaited: "word from its node " + pod.Spec.NodeName + " that it has stopped",
	}
	if len(pod.Finalizers) > 0 {
		found.awaited = "the removal of its finalizers " + strings.Join(pod.Finalizers, ", ")
	}
	return found
}

// failed is the trouble of a pod that Kubernetes has given up, for instance because
// its node ran out of disk.
func failed(pod *corev1.Pod) *trouble {
	return &trouble{
		pod: pod.Name, reason: cmp.Or(pod.Status.Reason, string(pod.Status.Phase)), message: pod.Status.Message,
		awaited: "its replacement", since: notReadySince(pod),
	}
}

func unscheduled(pod *corev1.Pod, condition *corev1.PodCondition) *trouble {
	return &trouble{
		pod: pod.Name, reason: condition.Reason, message: condition.Message,
		awaited: "a node for it", since: condition.LastTransitionTime.Time,
	}
}

// uncreated is the trouble of a pod whose containers are still being made. A large
// image takes its time, and what keeps a volume from being attached is told in events
// alone.
func uncreated(pod *corev1.Pod) *trouble {
	return &trouble{
		pod: pod.Name, reason: reasonCreating, since: notReadySince(pod),
		message: "its containers have not been made yet, kubectl describe pod " + pod.Name + " shows why",
		awaited: "its volume and its image",
	}
}

// reasonGates is the kubelet's for a pod whose containers are ready and whose readiness gates are not.
const reasonGates = "ReadinessGatesNotReady"

// withheldSince is since when the pod is not Ready though its containers are; zero if that is not so.
func withheldSince(pod *corev1.Pod) time.Time {
	ready, containers := podCondition(pod, corev1.PodReady), podCondition(pod, corev1.ContainersReady)
	if ready == nil || ready.Status == corev1.ConditionTrue || containers == nil || containers.Status != corev1.ConditionTrue {
		return time.Time{}
	}
	return laterOf(ready.LastTransitionTime, containers.LastTransitionTime)
}

// nodeLost is the trouble of a pod whose node has stopped to report, or nil. Kubernetes then takes Ready away and leaves what
// the kubelet last wrote about the containers, and nothing but that tells.
func nodeLost(pod *corev1.Pod) *trouble {
	since := withheldSince(pod)
	if since.IsZero() || podCondition(pod, corev1.PodReady).Reason == reasonGates {
		return nil
	}
	node := pod.Spec.NodeName
	return &trouble{
		pod: pod.Name, reason: reasonNodeLost, since: since,
		message: "its node " + node + " does not report (Ready is False though its container was ready)",
		awaited: "word from the node; kubectl describe node " + node + " shows more",
	}
}

// gated is the trouble of a pod that waits for its readiness gates, which others set, or nil.
func gated(pod *corev1.Pod) *trouble {
	since := withheldSince(pod)
	if since.IsZero() {
		return nil
	}
	return &trouble{
		pod: pod.Name, reason: reasonGates, message: podCondition(pod, corev1.PodReady).Message, since: since,
		awaited: "the controllers that set its readiness gates",
	}
}

// hasContainers tells whether a container of the pod has been started.
func hasContainers(pod *corev1.Pod) bool {
	return slices.ContainsFunc(slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses),
		func(status corev1.ContainerStatus) bool {
			return status.State.Running != nil || status.State.Terminated != nil
		})
}

// notReadySince is when the pod stopped to answer, or when it was made.
func notReadySince(pod *corev1.Pod) time.Time {
	ready := podCondition(pod, corev1.PodReady)
	if ready == nil || ready.LastTransitionTime.IsZero() {
		return pod.CreationTimestamp.Time
	}
	return ready.LastTransitionTime.Time
}

// answers tells whether the pod is Ready and is to stay.
func answers(pod *corev1.Pod) bool {
	ready := podCondition(pod, corev1.PodReady)
	return pod.DeletionTimestamp == nil && ready != nil && ready.Status == corev1.ConditionTrue
}

func podCondition(pod *corev1.Pod, name corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == name {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

// LookAgainAfter is when the status may change though nothing that is watched
// does; zero means never.
func (o Observation) LookAgainAfter(now time.Time) time.Duration {
	deadline := o.Cluster.Spec.ProgressDeadline()
	times := o.creationChanges(now, deadline)
	for i := range o.Pods {
		times = append(times, o.diagnose(&o.Pods[i], now).changes)
	}
	times = slices.DeleteFunc(times, func(at time.Time) bool { return !at.After(now) })
	if len(times) == 0 {
		return 0
	}
	return slices.MinFunc(times, time.Time.Compare).Sub(now)
}
