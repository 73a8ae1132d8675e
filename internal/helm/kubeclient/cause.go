package kubeclient

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/barq-db/barq-operator/internal/clusters"
)

// revertedByHand is why pods restart whose template was changed by hand.
const revertedByHand = "the pod template was changed by hand, and the operator has reverted it"

// noteCause writes into a StatefulSet why the next apply replaces its pods. If the apply replaces none, the cause that
// was noted before stays.
func noteCause(wanted *unstructured.Unstructured, live metav1.Object, cause clusters.Cause) error {
	if cause.Why == "" {
		cause = clusters.NotedCause(live)
	} else {
		// The API server counts each change of the template.
		cause.Generation = live.GetGeneration() + 1
	}
	if cause.Why == "" {
		return nil
	}
	return cause.Note(wanted)
}

// causeOfRepair returns why a repair of a StatefulSet replaces its pods. It returns nothing if the pod template was
// left alone, or if nothing is known of that template.
func causeOfRepair(live metav1.Object) (clusters.Cause, error) {
	noted := clusters.NotedCause(live)
	content, ok := live.(*unstructured.Unstructured)
	if noted.Why == "" || !ok {
		return clusters.Cause{}, nil
	}
	set := &appsv1.StatefulSet{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content.Object, set); err != nil {
		return clusters.Cause{}, fmt.Errorf("reading StatefulSet %s: %w", live.GetName(), err)
	}
	if clusters.CauseOf(set) != "" {
		return clusters.Cause{}, nil
	}
	noted.Why = revertedByHand
	return noted, nil
}
