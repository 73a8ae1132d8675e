package volumes

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/requeue"
)

// +kubebuilder:rbac:groups="",resources=events,verbs=list

// Only an event says why a PVC cannot be provisioned. The operator does not watch events, because
// there are many. It reads them while a PVC is not bound, which otherwise lasts a moment.
const (
	unboundAfter  = 5 * time.Second
	unboundPeriod = 30 * time.Second
	// asked is the number of PVCs whose events are read. The others mostly wait for the same.
	asked = 3
)

// hear reads what provisioners say about PVCs that are not bound, and returns when to reconcile again.
func (r *Reconciler) hear(ctx context.Context, observed *pvcs.Observation, now time.Time) (again time.Duration, err error) {
	for _, pvc := range observed.Desired() {
		if pvc.IsBound() || len(observed.Warnings) == asked {
			continue
		}
		if young := unboundAfter - now.Sub(pvc.CreationTimestamp.Time); young > 0 {
			again = requeue.Sooner(again, young)
			continue
		}
		again = requeue.Sooner(again, unboundPeriod)
		var events corev1.EventList
		if err := r.Live.List(ctx, &events, client.InNamespace(pvc.Namespace), client.MatchingFields{
			"involvedObject.uid": string(pvc.UID), "type": corev1.EventTypeWarning,
		}); err != nil {
			return 0, fmt.Errorf("listing the events of PVC %s: %w", pvc.Name, err)
		}
		if len(events.Items) == 0 {
			continue
		}
		newest := slices.MaxFunc(events.Items, func(a, b corev1.Event) int { return lastSeen(a).Compare(lastSeen(b)) })
		observed.Warnings[pvc.UID] = ": " + pvcs.Excerpt(newest.Message)
	}
	return again, nil
}

// lastSeen returns when an event was last recorded, in either of the two forms of the API.
func lastSeen(event corev1.Event) time.Time {
	last := event.CreationTimestamp.Time
	for _, other := range []time.Time{event.LastTimestamp.Time, event.EventTime.Time} {
		if other.After(last) {
			last = other
		}
	}
	return last
}
