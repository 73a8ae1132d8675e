package podissue

import (
	"cmp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/internal/workload"
)

// grace is how long every pod may be in an ordinary state: without a node until its volume is bound,
// or still there when its grace period ends.
const grace = 10 * time.Second

// Diagnosis is what can be read from a pod.
type Diagnosis struct {
	// Issue, or nil.
	Issue *Issue
	// Changes is when the diagnosis changes although the pod does not; zero for never.
	Changes time.Time
}

// Diagnose examines one pod. A pod that starts in the ordinary way has an issue only once that takes
// longer than the deadline. A pod whose database reads its data never has one.
func Diagnose(pod *corev1.Pod, now time.Time, deadline time.Duration) Diagnosis {
	switch {
	case workload.Ready(pod):
		return Diagnosis{}
	case pod.DeletionTimestamp != nil:
		return after(pod.DeletionTimestamp.Add(grace), terminating(pod), now, deadline)
	case pod.Status.Phase == corev1.PodFailed:
		return after(time.Time{}, failed(pod), now, deadline)
	}
	if found := nodeLost(pod); found != nil {
		return after(time.Time{}, found, now, deadline)
	}
	if found := gated(pod); found != nil {
		return after(found.Since.Add(deadline), found, now, deadline)
	}
	if condition := workload.Condition(pod, corev1.PodScheduled); condition != nil && condition.Status == corev1.ConditionFalse {
		return after(condition.LastTransitionTime.Add(grace), unscheduled(pod, condition), now, deadline)
	}
	if found := firstContainerIssue(pod); found != nil {
		return after(time.Time{}, found, now, deadline)
	}
	if !HasContainers(pod) {
		found := containersNotCreated(pod)
		return after(found.Since.Add(deadline), found, now, deadline)
	}
	return Diagnosis{}
}

// after returns the issue, but not before the given time. At the deadline the diagnosis changes once
// more.
func after(begin time.Time, found *Issue, now time.Time, deadline time.Duration) Diagnosis {
	if now.Before(begin) {
		return Diagnosis{Changes: begin}
	}
	result := Diagnosis{Issue: found}
	if !found.Since.IsZero() && !found.LastsFor(deadline, now) {
		result.Changes = found.Since.Add(deadline)
	}
	return result
}

// terminating returns the issue of a pod that is being deleted. Its deletionTimestamp is the end of
// its grace period.
func terminating(pod *corev1.Pod) *Issue {
	end := pod.DeletionTimestamp.UTC()
	found := &Issue{
		Pod: pod.Name, Reason: reasonTerminating, Since: end,
		Message:    "its grace period ended at " + end.Format(time.RFC3339) + " and it is still there",
		WaitingFor: "its node " + pod.Spec.NodeName + " to report that it has stopped",
	}
	if len(pod.Finalizers) > 0 {
		found.WaitingFor = "the removal of its finalizers " + strings.Join(pod.Finalizers, ", ")
	}
	return found
}

// failed returns the issue of a pod that Kubernetes has given up, for instance because its node ran
// out of disk.
func failed(pod *corev1.Pod) *Issue {
	return &Issue{
		Pod: pod.Name, Reason: cmp.Or(pod.Status.Reason, string(pod.Status.Phase)), Message: pod.Status.Message,
		WaitingFor: "its replacement", Since: notReadySince(pod),
	}
}

func unscheduled(pod *corev1.Pod, condition *corev1.PodCondition) *Issue {
	return &Issue{
		Pod: pod.Name, Reason: condition.Reason, Message: condition.Message,
		WaitingFor: "a node", Since: condition.LastTransitionTime.Time,
	}
}

// containersNotCreated returns the issue of a pod whose containers do not exist yet. A large image
// takes time, and only events say why a volume cannot be attached.
func containersNotCreated(pod *corev1.Pod) *Issue {
	return &Issue{
		Pod: pod.Name, Reason: reasonCreating, Since: notReadySince(pod),
		Message:    "its containers have not been created yet; kubectl describe pod " + pod.Name + " shows why",
		WaitingFor: "its volume and its image",
	}
}

// WithheldSince returns the time since when the pod is not Ready although its containers are; zero if
// that is not so.
func WithheldSince(pod *corev1.Pod) time.Time {
	ready, containers := workload.Condition(pod, corev1.PodReady), workload.Condition(pod, corev1.ContainersReady)
	if ready == nil || ready.Status == corev1.ConditionTrue || containers == nil || containers.Status != corev1.ConditionTrue {
		return time.Time{}
	}
	if containers.LastTransitionTime.After(ready.LastTransitionTime.Time) {
		return containers.LastTransitionTime.Time
	}
	return ready.LastTransitionTime.Time
}

// nodeLost returns the issue of a pod whose node has stopped reporting, or nil. Kubernetes then takes
// Ready away and leaves what the kubelet last wrote about the containers. Nothing else shows the loss.
func nodeLost(pod *corev1.Pod) *Issue {
	since := WithheldSince(pod)
	if since.IsZero() || workload.Condition(pod, corev1.PodReady).Reason == reasonGates {
		return nil
	}
	node := pod.Spec.NodeName
	return &Issue{
		Pod: pod.Name, Reason: reasonNodeLost, Since: since,
		Message:    "its node " + node + " does not report (Ready is False though its container was ready)",
		WaitingFor: "its node to report; kubectl describe node " + node + " shows more",
	}
}

// gated returns the issue of a pod that waits for its readiness gates, which other programs set, or
// nil.
func gated(pod *corev1.Pod) *Issue {
	since := WithheldSince(pod)
	if since.IsZero() {
		return nil
	}
	return &Issue{
		Pod: pod.Name, Reason: reasonGates, Message: workload.Condition(pod, corev1.PodReady).Message, Since: since,
		WaitingFor: "the controllers that set its readiness gates",
	}
}

// HasContainers reports whether a container of the pod has been started.
func HasContainers(pod *corev1.Pod) bool {
	return slices.ContainsFunc(slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses),
		func(status corev1.ContainerStatus) bool {
			return status.State.Running != nil || status.State.Terminated != nil
		})
}

// notReadySince returns when the pod stopped answering, or when it was created.
func notReadySince(pod *corev1.Pod) time.Time {
	ready := workload.Condition(pod, corev1.PodReady)
	if ready == nil || ready.LastTransitionTime.IsZero() {
		return pod.CreationTimestamp.Time
	}
	return ready.LastTransitionTime.Time
}
