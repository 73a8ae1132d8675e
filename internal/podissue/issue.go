package podissue

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/internal/message"
)

// Issue is why a pod is not Ready.
type Issue struct {
	Pod string
	// Reason and Message are in the words of Kubernetes.
	Reason, Message string
	// WaitingFor is what ends it.
	WaitingFor string
	// Since is from when on it counts towards spec.progressDeadlineSeconds. Zero: not
	// at all. It is taken from what Kubernetes stores, so that neither a restart of the
	// operator nor a container that runs for a moment begins it anew.
	Since time.Time
}

// Reasons of Kubernetes that have no constant in its API, and Terminating, which is
// what kubectl calls it. NodeNotReady is that of the event by which Kubernetes tells it, and ReadinessGatesNotReady is the
// kubelet's for a pod whose containers are ready and whose readiness gates are not.
const (
	reasonCreating    = "ContainerCreating"
	reasonCrashLoop   = "CrashLoopBackOff"
	reasonGates       = "ReadinessGatesNotReady"
	reasonNodeLost    = "NodeNotReady"
	reasonTerminating = "Terminating"
)

// limit is the most that the text of an issue holds, in bytes.
const limit = 1024

// String returns the issue in the words of a condition's message.
func (i Issue) String() string {
	text := i.Reason
	if i.Message != "" {
		text += ": " + message.OneLine(i.Message)
	}
	start, end := "pod "+i.Pod+": ", " (awaited: "+i.WaitingFor+")"
	return start + message.Bound(text, limit-len(start)-len(end)) + end
}

// LastsFor reports whether the issue has counted for that long.
func (i Issue) LastsFor(deadline time.Duration, now time.Time) bool {
	return !i.Since.IsZero() && !now.Before(i.Since.Add(deadline))
}

// WithoutNode reports whether the pod waits for a node.
func (i Issue) WithoutNode() bool {
	return i.Reason == corev1.PodReasonUnschedulable || i.Reason == corev1.PodReasonSchedulingGated
}
