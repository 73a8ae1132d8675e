package podissue

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Stuck returns the reason why a pod does not answer and will not without a change. Either it has no
// node, or one of its containers cannot be created or waits to be restarted after a failure. The
// reason is empty for a pod that answers, starts or reads its data. It is also empty for a pod that
// Kubernetes has given up, because Kubernetes replaces it. changes is when the answer changes although
// the pod does not; zero for never.
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

// waits reports whether a container of the pod is missing, as far as the node has reported. Containers
// on a node that no longer answers may run on.
func waits(pod *corev1.Pod) bool {
	statuses := slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
	return len(statuses) == 0 || slices.ContainsFunc(statuses, func(status corev1.ContainerStatus) bool { return status.State.Running == nil && !status.Ready })
}

// runsAgain reports whether a container that has ended is running again, which may succeed.
func runsAgain(pod *corev1.Pod) bool {
	return slices.ContainsFunc(slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses),
		func(status corev1.ContainerStatus) bool {
			return !status.Ready && status.State.Running != nil && status.LastTerminationState.Terminated != nil
		})
}
