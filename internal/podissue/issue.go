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
	// WaitingFor is the event that ends it.
	WaitingFor string
	// Since is the time from which it counts towards spec.progressDeadlineSeconds; zero means that it
	// does not count. It comes from what Kubernetes stores. So neither a restart of the operator nor a
	// container that runs for a moment resets it.
	Since time.Time
}

// These reasons of Kubernetes have no constant in its API. Terminating is kubectl's word, and
// NodeNotReady is the reason of an event. ReadinessGatesNotReady is the kubelet's reason for a pod
// with ready containers whose readiness gates are not ready.
const (
	reasonCreating    = "ContainerCreating"
	reasonCrashLoop   = "CrashLoopBackOff"
	reasonGates       = "ReadinessGatesNotReady"
	reasonNodeLost    = "NodeNotReady"
	reasonTerminating = "Terminating"
)

// limit is the maximum length of an issue's text, in bytes.
const limit = 1024

// String returns the issue in the words of a condition's message.
func (i Issue) String() string {
	text := i.Reason
	if i.Message != "" {
		text += ": " + message.OneLine(i.Message)
	}
	start, end := "pod "+i.Pod+": ", " (waiting for "+i.WaitingFor+")"
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
