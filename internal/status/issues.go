package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/internal/absence"
	"github.com/barq-db/barq-operator/internal/podissue"
	"github.com/barq-db/barq-operator/internal/requeue"
	"github.com/barq-db/barq-operator/internal/workload"
)

// issues returns what is wrong with the pods, in their order.
func (o Observation) issues(now time.Time) []podissue.Issue {
	var found []podissue.Issue
	for i := range o.Pods {
		if diagnosis := o.diagnose(&o.Pods[i], now); diagnosis.Issue != nil {
			found = append(found, *diagnosis.Issue)
		}
	}
	if refused := absence.Issue(o.missing(), o.Missing, o.FailedCreation, now); refused != nil {
		found = append(found, *refused)
	}
	slices.SortFunc(found, func(a, b podissue.Issue) int { return workload.ByOrdinal(a.Pod, b.Pod) })
	return found
}

// missing returns the names of the pods that should exist and do not.
func (o Observation) missing() []string { return absence.Missing(o.StatefulSet, o.Pods) }

// diagnose examines one of the pods. The issue of a pod that is about to be replaced does not count
// towards the deadline, because the replacement ends it. After a correction of the spec that is every
// pod.
func (o Observation) diagnose(pod *corev1.Pod, now time.Time) podissue.Diagnosis {
	found := podissue.Diagnose(pod, now, o.Cluster.Spec.ProgressDeadline())
	if found.Issue != nil && o.StatefulSet != nil && workload.Outdated(o.StatefulSet, pod) {
		found.Issue.Since, found.Changes = time.Time{}, time.Time{}
		found.Issue.WaitingFor = "its replacement by a pod of the newest spec"
	}
	return found
}

// overdue returns the first issue that has lasted for longer than
// spec.progressDeadlineSeconds, or nil.
func (o Observation) overdue(issues []podissue.Issue, now time.Time) *podissue.Issue {
	for i := range issues {
		if issues[i].LastsFor(o.Cluster.Spec.ProgressDeadline(), now) {
			return &issues[i]
		}
	}
	return nil
}

// detailed is how many pods a message describes; it counts the others.
const detailed = 4

// describe lists what is wrong with the pods.
func describe(issues []podissue.Issue) string {
	var parts []string
	for _, issue := range issues[:min(len(issues), detailed)] {
		parts = append(parts, issue.String())
	}
	if more := len(issues) - detailed; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, "; ")
}

// LookAgainAfter returns how long it takes until the status may change although no watched object
// changes; zero means never.
func (o Observation) LookAgainAfter(now time.Time) time.Duration {
	missing := o.missing()
	refused := absence.Issue(missing, o.Missing, o.FailedCreation, now)
	times := absence.Changes(missing, o.Missing, refused, now, o.Cluster.Spec.ProgressDeadline())
	for i := range o.Pods {
		times = append(times, o.diagnose(&o.Pods[i], now).Changes)
	}
	return requeue.After(now, times...)
}
