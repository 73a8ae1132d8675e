package podissue

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Stuck returns the reason why a pod does not answer and will not come to it as it is: it has no node, or a container of it
// cannot be made or waits to be started once more after it failed. The reason is empty for a pod that answers, starts, reads
// its data or has been given up by Kubernetes, which replaces that one. changes is when there will be another answer though
// the pod stays as it is; zero if there will not.
func Stuck(pod *corev1.Pod, now time.Time, deadline time.Duration) (reason string, changes time.Time) {
	if pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
		return "", time.Time{}
	}
	found := Diagnose(pod, now, deadline)
	if found.Issue == nil || !waits(pod) || runsAgain(pod) {
		return "", found.Changes
	}
	return found.Issue.Reason, time.Time{}
}

// waits reports whether a container of the pod is not there, as far as its node has told. What was started on a node that does not
// answer any more may run on.
func waits(pod *corev1.Pod) bool {
	statuses := slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
	return len(statuses) == 0 || slices.ContainsFunc(statuses, func(status corev1.ContainerStatus) bool { return status.State.Running == nil && !status.Ready })
}

// runsAgain reports whether a container that has ended is having another try, which may succeed.
func runsAgain(pod *corev1.Pod) bool {
	return slices.ContainsFunc(slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses),
		func(status corev1.ContainerStatus) bool {
			return !status.Ready && status.State.Running != nil && status.LastTerminationState.Terminated != nil
		})
}
