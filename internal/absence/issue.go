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
	// ordinary is for how long a missing pod is ordinary, as each is for a moment when it is replaced, and between two
	// looks for the reason after that.
	ordinary = 5 * time.Second
	// refused is between two looks whether a reason that was found still holds.
	// The pods themselves are seen at once when they are made.
	refused = 30 * time.Second
)

// Missing names the pods that the StatefulSet controller, having seen the newest
// StatefulSet, should have made.
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

// IsLong reports whether a pod has been missing for longer than is ordinary.
func IsLong(since map[string]time.Time, now time.Time) bool {
	for _, from := range since {
		if now.Sub(from) >= ordinary {
			return true
		}
	}
	return false
}

// Issue returns that of the first of the missing pods which could not be made, or nil. Events are history: one that was last
// recorded while the pod was there explains nothing.
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
			WaitingFor: "that the API server lets it be made",
		}
	}
	return nil
}

// Changes returns when there may be other news of pods that are missing, whose issue is the given one or nil.
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
