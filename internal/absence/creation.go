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

// reasonFailedCreate is the StatefulSet controller's reason for a pod that it could not create. The
// cause is a quota, a LimitRange or an admission policy, for instance. Only an event says so. The
// operator does not watch events, because there are many. It reads them while pods are missing, which
// otherwise lasts a moment.
const reasonFailedCreate = "FailedCreate"

// FailedCreation is what the StatefulSet controller says about a pod that it could not create.
type FailedCreation struct {
	// Message says who refused the pod, and why.
	Message string
	// Since is when that first happened, maybe to a pod that exists by now, and Last when it last
	// happened.
	Since, Last time.Time
}

// FindFailedCreation returns why Kubernetes could not create pods of the StatefulSet, or nil.
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
