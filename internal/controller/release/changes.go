package release

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/fairqueue"
	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
	"github.com/barq-db/barq-operator/internal/helm/upgrade"
)

// changes gives a source that enqueues the BarqClusters that have changed. Edits of a spec and deletions are urgent: a person waits
// for them. So is, when the operator starts, what the last one has left to do: an operator that is killed again and again would
// otherwise begin each time with those that need nothing, and never come to the others.
func changes(objects cache.Cache, turns *fairqueue.Turns, own *releasestatus.Written) source.Source {
	type requests = workqueue.TypedRateLimitingInterface[ctrl.Request]
	return source.Kind(objects, clusters.Object(), handler.TypedFuncs[*unstructured.Unstructured, ctrl.Request]{
		CreateFunc: func(_ context.Context, found event.TypedCreateEvent[*unstructured.Unstructured], queue requests) {
			enqueue(queue, turns, found.Object, found.IsInInitialList && leftToDo(found.Object))
		},
		UpdateFunc: func(_ context.Context, changed event.TypedUpdateEvent[*unstructured.Unstructured], queue requests) {
			// The beginning of a deletion is a generation too.
			enqueue(queue, turns, changed.ObjectNew, changed.ObjectOld.GetGeneration() != changed.ObjectNew.GetGeneration())
		},
		DeleteFunc: func(_ context.Context, gone event.TypedDeleteEvent[*unstructured.Unstructured], queue requests) {
			enqueue(queue, turns, gone.Object, false)
		},
	}, concerns(own))
}

func enqueue(queue workqueue.TypedRateLimitingInterface[ctrl.Request], turns *fairqueue.Turns, cluster client.Object, urgent bool) {
	request := ctrl.Request{NamespacedName: client.ObjectKeyFromObject(cluster)}
	if urgent {
		// What a new spec or a deletion fails at has not failed before, and is tried again as soon as anything.
		queue.Forget(request)
		turns.AddUrgent(queue, request)
	} else {
		queue.Add(request)
	}
}

// leftToDo tells whether the last operator has not finished what a person asks for. What has no release because the operator refuses
// the spec, or has to wait, is finished: an edit would not come to its turn among thousands of those.
func leftToDo(cluster *unstructured.Unstructured) bool {
	if cluster.GetDeletionTimestamp() != nil {
		return true
	}
	asked, err := upgrade.RequestOf(cluster)
	if err != nil || asked.Applied == asked.Generation {
		return false
	}
	status, err := releasestatus.Of(cluster)
	if err != nil {
		return false
	}
	return status.DeployedRelease != nil || !slices.ContainsFunc(status.Conditions, func(condition metav1.Condition) bool {
		failed := condition.Type == v1alpha1.ConditionIrreconcilable || condition.Type == v1alpha1.ConditionReleaseFailed
		return failed && condition.Status == metav1.ConditionTrue && condition.ObservedGeneration == asked.Generation
	})
}
