package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// trouble is why a pod does not answer.
type trouble struct {
	pod string
	// reason and message are in the words of Kubernetes.
	reason, message string
	// awaited is what ends it.
	awaited string
	// since is from when on it counts towards spec.progressDeadlineSeconds. Zero: not
	// at all. It is taken from what Kubernetes stores, so that neither a restart of the
	// operator nor a container that runs for a moment begins it anew.
	since time.Time
}

// Reasons of Kubernetes that have no constant in its API, and Terminating, which is
// what kubectl calls it. NodeNotReady is that of the event by which Kubernetes tells it.
const (
	reasonCreating     = "ContainerCreating"
	reasonCrashLoop    = "CrashLoopBackOff"
	reasonFailedCreate = "FailedCreate"
	reasonNodeLost     = "NodeNotReady"
	reasonTerminating  = "Terminating"
)

func (t trouble) String() string {
	text := t.reason
	if t.message != "" {
		text += ": " + oneLine(t.message)
	}
	start, end := "pod "+t.pod+": ", " (awaited: "+t.awaited+")"
	return start + bounded(text, podLimit-len(start)-len(end)) + end
}

// lastsFor tells whether the trouble has counted for that long.
func (t trouble) lastsFor(deadline time.Duration, now time.Time) bool {
	return !t.since.IsZero() && !now.Before(t.since.Add(deadline))
}

// withoutNode tells whether the pod waits for a node.
func (t trouble) withoutNode() bool {
	return t.reason == corev1.PodReasonUnschedulable || t.reason == corev1.PodReasonSchedulingGated
}

// troubles finds what is wrong with the pods, in their order.
func (o Observation) troubles(now time.Time) []trouble {
	var found []trouble
	for i := range o.Pods {
		if diagnosis := o.diagnose(&o.Pods[i], now); diagnosis.trouble != nil {
			found = append(found, *diagnosis.trouble)
		}
	}
	if refused := o.creationTrouble(now); refused != nil {
		found = append(found, *refused)
	}
	slices.SortFunc(found, func(a, b trouble) int { return byOrdinal(a.pod, b.pod) })
	return found
}

// byOrdinal sorts vectors-10 behind vectors-9.
func byOrdinal(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }

// overdue gives the first trouble that has lasted for longer than
// spec.progressDeadlineSeconds, or nil.
func (o Observation) overdue(troubles []trouble, now time.Time) *trouble {
	for i := range troubles {
		if troubles[i].lastsFor(o.Cluster.Spec.ProgressDeadline(), now) {
			return &troubles[i]
		}
	}
	return nil
}

// detailed is how many pods a message describes; of the others it gives the number.
const detailed = 4

// describe lists what is wrong with the pods.
func describe(troubles []trouble) string {
	var parts []string
	for _, trouble := range troubles[:min(len(troubles), detailed)] {
		parts = append(parts, trouble.String())
	}
	if more := len(troubles) - detailed; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, "; ")
}
