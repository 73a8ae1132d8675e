package absence

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/internal/podissue"
	"github.com/barq-db/barq-operator/internal/workload"
)

const (
	// ordinary is how long a pod may be missing in ordinary operation: each is missing for a moment
	// when it is replaced. After that it is the interval at which the reason is looked up.
	ordinary = 5 * time.Second
	// refused is the interval at which a known reason is checked again. The cache reports a created
	// pod at once.
	refused = 30 * time.Second
)

// Missing returns the names of the pods that the StatefulSet controller should have created after it
// saw the newest StatefulSet.
func Missing(set *appsv1.StatefulSet, pods []corev1.Pod) []string {
	if set == nil || set.Spec.Replicas == nil || !workload.Observed(set) {
		return nil
	}
	var missing []string
	for ordinal := range *set.Spec.Replicas {
		name := workload.PodName(set.Name, ordinal)
		if !slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return pod.Name == name }) {
			missing = append(missing, name)
		}
	}
	return missing
}

// IsLong reports whether a pod has been missing for longer than in ordinary operation.
func IsLong(since map[string]time.Time, now time.Time) bool {
	for _, from := range since {
		if now.Sub(from) >= ordinary {
			return true
		}
	}
	return false
}

// Issue returns the issue of the first missing pod that could not be created, or nil. Events are
// history: an event from before the pod went missing explains nothing.
func Issue(missing []string, since map[string]time.Time, failed *FailedCreation, now time.Time) *podissue.Issue {
	if failed == nil {
		return nil
	}
	for _, name := range missing {
		from := since[name]
		// Events have whole seconds.
		if now.Sub(from) < ordinary || failed.Last.Before(from.Truncate(time.Second)) {
			continue
		}
		if failed.Since.After(from) {
			from = failed.Since
		}
		return &podissue.Issue{
			Pod: name, Reason: reasonFailedCreate, Message: failed.Message, Since: from,
			WaitingFor: "the API server to let it be created",
		}
	}
	return nil
}

// Changes returns when the state of missing pods may change. issue is their issue, or nil.
func Changes(missing []string, since map[string]time.Time, issue *podissue.Issue, now time.Time, deadline time.Duration) []time.Time {
	if issue != nil {
		return []time.Time{now.Add(refused), issue.Since.Add(deadline)}
	}
	var looks []time.Time
	for _, name := range missing {
		look := since[name].Add(ordinary)
		if !look.After(now) {
			look = now.Add(ordinary)
		}
		looks = append(looks, look)
	}
	return looks
}
