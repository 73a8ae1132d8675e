package absence

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
)

// +kubebuilder:rbac:groups="",resources=events,verbs=list

// reasonFailedCreate is the StatefulSet controller's for a pod that it could not make, because of a quota, a LimitRange or an
// admission policy for instance. It says so in an event alone. Events are not watched, because there
// are many; they are read while pods are missing, which is for a moment otherwise.
const reasonFailedCreate = "FailedCreate"

// FailedCreation is what the StatefulSet controller says about a pod that it could
// not make.
type FailedCreation struct {
	// Message says who refused the pod, and why.
	Message string
	// Since is when that first happened, maybe to a pod that was made since, and Last when it last did.
	Since, Last time.Time
}

// FindFailedCreation reads why pods of the StatefulSet could not be made, or nil.
func FindFailedCreation(ctx context.Context, reader client.Reader, set *appsv1.StatefulSet) (*FailedCreation, error) {
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
