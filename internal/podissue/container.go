package podissue

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/workload"
)

// starting are the reasons of a container that waits for an ordinary start.
var starting = []string{"", reasonCreating, "PodInitializing"}

// firstContainerIssue returns the issue of the first container, in starting order, that cannot be
// created or that ends; nil if there is none.
func firstContainerIssue(pod *corev1.Pod) *Issue {
	for i := range pod.Status.InitContainerStatuses {
		status := &pod.Status.InitContainerStatuses[i]
		// An init container is meant to end.
		done := status.State.Terminated != nil && status.State.Terminated.ExitCode == 0
		if found := containerIssue(pod, status); found != nil && !done {
			found.Message = "init container " + status.Name + ": " + found.Message
			return found
		}
	}
	for i := range pod.Status.ContainerStatuses {
		status := &pod.Status.ContainerStatuses[i]
		if found := containerIssue(pod, status); found != nil {
			// Readers expect the database, so its name is left out.
			if status.Name != workload.Database {
				found.Message = "container " + status.Name + ": " + found.Message
			}
			return found
		}
	}
	return nil
}

func containerIssue(pod *corev1.Pod, status *corev1.ContainerStatus) *Issue {
	if status.Ready {
		return nil
	}
	if waiting := status.State.Waiting; waiting != nil && waiting.Reason != reasonCrashLoop && !slices.Contains(starting, waiting.Reason) {
		return notStarted(pod, waiting)
	}
	return crash(pod, status)
}

// notStarted returns the issue of a container that waits for a reason such as ErrImagePull,
// ImagePullBackOff, InvalidImageName, CreateContainerConfigError or RunContainerError. The issue has
// no time of its own: it began when the pod was created, or stopped answering.
func notStarted(pod *corev1.Pod, waiting *corev1.ContainerStateWaiting) *Issue {
	found := &Issue{
		Pod: pod.Name, Reason: waiting.Reason, Message: waiting.Message,
		WaitingFor: "a container that can be started", Since: notReadySince(pod),
	}
	switch {
	case strings.Contains(waiting.Reason, "Image"):
		found.WaitingFor = "an image that can be pulled"
	case waiting.Reason == "CreateContainerConfigError":
		found.WaitingFor = "the ConfigMap or Secret that it refers to"
	}
	return found
}

// crash returns the issue of a container that should run and has ended. It has just ended, waits for
// its restart, or runs again and does not answer yet.
//
// A database that ended once and reads its data again, maybe for hours, has an issue that does not
// count towards the deadline. The issue of one that ended twice without an answer in between counts,
// whatever it does now. So the short runs of a crash loop neither interrupt nor hide it.
func crash(pod *corev1.Pod, status *corev1.ContainerStatus) *Issue {
	ended, ends := status.LastTerminationState.Terminated, status.RestartCount
	if status.State.Terminated != nil {
		ended = status.State.Terminated
	}
	if status.State.Running == nil {
		ends++
	}
	if ended == nil {
		return nil
	}
	found := &Issue{
		Pod: pod.Name, Message: "it " + describeEnd(pod, status.Name, ended),
		WaitingFor: "it to start and keep running; kubectl logs " + pod.Name + " --previous shows why it exited",
	}
	if endedAtItsStart(pod, status.Name, ended) {
		found.WaitingFor = "it to start; write a higher spec.startupDeadlineSeconds if it restores or reads its data for longer"
	}
	waiting := status.State.Waiting
	switch {
	case ends >= 2 && !ended.StartedAt.Time.Before(notReadySince(pod)):
		found.Reason, found.Since = reasonCrashLoop, notReadySince(pod)
	case waiting != nil && waiting.Reason == reasonCrashLoop:
		found.Reason, found.Since = reasonCrashLoop, ended.FinishedAt.Time
	default:
		found.Reason = cmp.Or(ended.Reason, "Error")
		found.Message += " and Kubernetes starts it again"
	}
	return found
}

// endedAtItsStart reports whether the run had no answer when its startup probe ended it. Kubernetes says that by an event alone, so
// it is known by the time: from the deadline of the probe to what a container may take to stop after it.
func endedAtItsStart(pod *corev1.Pod, container string, ended *corev1.ContainerStateTerminated) bool {
	at := slices.IndexFunc(pod.Spec.Containers, func(spec corev1.Container) bool { return spec.Name == container && spec.StartupProbe != nil })
	if at < 0 || ended.StartedAt.Time.Before(notReadySince(pod)) {
		return false
	}
	probe := pod.Spec.Containers[at].StartupProbe
	deadline := time.Duration(probe.InitialDelaySeconds+probe.PeriodSeconds*(probe.FailureThreshold-1)) * time.Second
	stop := time.Duration(ptr.Deref(pod.Spec.TerminationGracePeriodSeconds, corev1.DefaultTerminationGracePeriodSeconds)) * time.Second
	ran := ended.FinishedAt.Sub(ended.StartedAt.Time)
	return ran >= deadline && ran <= deadline+stop+time.Minute
}

// describeEnd says how a run ended. It leaves out a container's message that may be the container's
// log. Under the policy FallbackToLogsOnError the message is the last lines of the log, and a database
// that fails over a credential may print the credential. More people may read the status than logs.
func describeEnd(pod *corev1.Pod, container string, ended *corev1.ContainerStateTerminated) string {
	text := fmt.Sprintf("exited with code %d", ended.ExitCode)
	if ended.Reason != "" {
		text += " (" + ended.Reason + ")"
	}
	if ended.Message == "" || showsLog(pod, container) {
		return text
	}
	if said, ok := agentapi.DecodeTermination(ended.Message); ok {
		return text + ": " + said.Reason + ": " + said.Message
	}
	return text + ": " + ended.Message
}

// showsLog reports whether the message of a container may be the end of its log.
func showsLog(pod *corev1.Pod, container string) bool {
	return slices.ContainsFunc(slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers), func(spec corev1.Container) bool {
		return spec.Name == container && spec.TerminationMessagePolicy == corev1.TerminationMessageFallbackToLogsOnError
	})
}
