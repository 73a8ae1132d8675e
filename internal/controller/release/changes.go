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

// changes returns a source that enqueues the BarqClusters that have changed. Edits of a spec and deletions are urgent,
// because a person waits for them. When the operator starts, so is the work that the last operator left unfinished.
// Otherwise, an operator that is killed repeatedly would begin each time with BarqClusters that need nothing, and never
// reach the others.
func changes(objects cache.Cache, turns *fairqueue.Turns, own *releasestatus.Written) source.Source {
	type requests = workqueue.TypedRateLimitingInterface[ctrl.Request]
	return source.Kind(objects, clusters.Object(), handler.TypedFuncs[*unstructured.Unstructured, ctrl.Request]{
		CreateFunc: func(_ context.Context, found event.TypedCreateEvent[*unstructured.Unstructured], queue requests) {
			enqueue(queue, turns, found.Object, found.IsInInitialList && leftToDo(found.Object))
		},
		UpdateFunc: func(_ context.Context, changed event.TypedUpdateEvent[*unstructured.Unstructured], queue requests) {
			// The beginning of a deletion changes the generation too.
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
		// A new spec or a deletion has not failed before, so its first retry comes without a delay from earlier
		// failures.
		queue.Forget(request)
		turns.AddUrgent(queue, request)
	} else {
		queue.Add(request)
	}
}

// leftToDo reports whether the last operator left something unfinished that a person asks for. A BarqCluster without a
// release, because the operator refuses the spec or has to wait, counts as finished. Otherwise, an edit would wait
// behind thousands of those.
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
