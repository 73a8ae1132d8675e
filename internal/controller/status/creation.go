package status

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/podissue"
	"github.com/barq-db/barq-operator/internal/workload"
)

// +kubebuilder:rbac:groups="",resources=events,verbs=list

// A quota, a LimitRange or an admission policy can keep the StatefulSet controller
// from making a pod. Then there is no pod that could say so, and a StatefulSet has no
// condition for it: it says so in an event alone. Events are not watched, because there
// are many; they are read while pods are missing, which is for a moment otherwise.
const (
	// reasonFailedCreate is that of such an event, for which the API of Kubernetes has no constant.
	reasonFailedCreate = "FailedCreate"
	// missingPeriod is for how long a missing pod is ordinary, as each is for a moment when it is replaced, and between two
	// looks for the reason after that.
	missingPeriod = 5 * time.Second
	// refusedPeriod is between two looks whether a reason that was found still holds.
	// The pods themselves are seen at once when they are made.
	refusedPeriod = 30 * time.Second
)

// FailedCreation is what the StatefulSet controller says about a pod that it could
// not make.
type FailedCreation struct {
	// Message says who refused the pod, and why.
	Message string
	// Since is when that first happened, maybe to a pod that was made since, and Last when it last did.
	Since, Last time.Time
}

// missingPods names the pods that the StatefulSet controller, having seen the newest
// StatefulSet, should have made.
func missingPods(set *appsv1.StatefulSet, pods []corev1.Pod) []string {
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

// findFailedCreation reads why pods of the StatefulSet could not be made, or nil.
func findFailedCreation(ctx context.Context, reader client.Reader, set *appsv1.StatefulSet) (*FailedCreation, error) {
	var events corev1.EventList
	if err := reader.List(ctx, &events, client.InNamespace(set.Namespace), client.MatchingFields{
		"involvedObject.uid": string(set.UID), "reason": reasonFailedCreate,
	}); err != nil {
		return nil, fmt.Errorf("listing the events of StatefulSet %s: %w", set.Name, err)
	}
	return newestFailedCreation(events.Items), nil
}

func newestFailedCreation(events []corev1.Event) *FailedCreation {
	if len(events) == 0 {
		return nil
	}
	newest := slices.MaxFunc(events, func(a, b corev1.Event) int {
		return cmp.Or(laterOf(a.LastTimestamp, a.CreationTimestamp).Compare(laterOf(b.LastTimestamp, b.CreationTimestamp)),
			cmp.Compare(a.Name, b.Name))
	})
	since := newest.FirstTimestamp
	if since.IsZero() {
		since = newest.CreationTimestamp
	}
	return &FailedCreation{Message: newest.Message, Since: since.Time, Last: laterOf(newest.LastTimestamp, newest.CreationTimestamp)}
}

func laterOf(a, b metav1.Time) time.Time {
	if a.After(b.Time) {
		return a.Time
	}
	return b.Time
}

// creationIssue is that of the first pod which could not be made, or nil. Events are history: one that was last recorded
// while the pod was there explains nothing.
func (o Observation) creationIssue(now time.Time) *podissue.Issue {
	if o.FailedCreation == nil {
		return nil
	}
	for _, name := range missingPods(o.StatefulSet, o.Pods) {
		since := o.Missing[name]
		// Events have whole seconds.
		if now.Sub(since) < missingPeriod || o.FailedCreation.Last.Before(since.Truncate(time.Second)) {
			continue
		}
		if o.FailedCreation.Since.After(since) {
			since = o.FailedCreation.Since
		}
		return &podissue.Issue{
			Pod: name, Reason: reasonFailedCreate, Message: o.FailedCreation.Message, Since: since,
			WaitingFor: "that the API server lets it be made",
		}
	}
	return nil
}

// anyMissingFor tells whether a pod has been missing for that long.
func (o Observation) anyMissingFor(period time.Duration, now time.Time) bool {
	for _, since := range o.Missing {
		if now.Sub(since) >= period {
			return true
		}
	}
	return false
}

// creationChanges is when there may be other news of pods that are missing.
func (o Observation) creationChanges(now time.Time, deadline time.Duration) []time.Time {
	refused := o.creationIssue(now)
	if refused != nil {
		return []time.Time{now.Add(refusedPeriod), refused.Since.Add(deadline)}
	}
	var looks []time.Time
	for _, name := range missingPods(o.StatefulSet, o.Pods) {
		look := o.Missing[name].Add(missingPeriod)
		if !look.After(now) {
			look = now.Add(missingPeriod)
		}
		looks = append(looks, look)
	}
	return looks
}
