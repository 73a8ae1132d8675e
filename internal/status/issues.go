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

// issues finds what is wrong with the pods, in their order.
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

// missing names the pods that should be there and are not.
func (o Observation) missing() []string { return absence.Missing(o.StatefulSet, o.Pods) }

// diagnose looks at one of the pods. The issue of one that is about to be replaced, as all are when the spec has just been
// corrected, does not count towards the deadline, and the replacement ends it.
func (o Observation) diagnose(pod *corev1.Pod, now time.Time) podissue.Diagnosis {
	found := podissue.Diagnose(pod, now, o.Cluster.Spec.ProgressDeadline())
	if found.Issue != nil && o.StatefulSet != nil && workload.Outdated(o.StatefulSet, pod) {
		found.Issue.Since, found.Changes = time.Time{}, time.Time{}
		found.Issue.WaitingFor = "its replacement by one of the newest spec"
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

// detailed is how many pods a message describes; of the others it gives the number.
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

// LookAgainAfter is when the status may change though nothing that is watched
// does; zero means never.
func (o Observation) LookAgainAfter(now time.Time) time.Duration {
	missing := o.missing()
	refused := absence.Issue(missing, o.Missing, o.FailedCreation, now)
	times := absence.Changes(missing, o.Missing, refused, now, o.Cluster.Spec.ProgressDeadline())
	for i := range o.Pods {
		times = append(times, o.diagnose(&o.Pods[i], now).Changes)
	}
	return requeue.After(now, times...)
}
