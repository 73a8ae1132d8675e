package release

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/internal/clusters"
)

// The order in which BarqClusters wait for a Helm pass. When the operator starts, all that there are come with a priority
// below that of new ones, because most of them need nothing.
const (
	// editPriority is above that of everything else.
	editPriority = 10
	// newPriority is that of a BarqCluster that was just made.
	newPriority = 0
)

// EditsFirst is a source that puts BarqClusters whose spec was edited, or which are being
// deleted, before all others: whoever edits a database waits for it, and a thousand new
// ones may be in the line, or a thousand that are only looked at again after a start. An operator that is
// killed again and again would otherwise look at the same ones each time and never come to the others.
func EditsFirst(objects cache.Cache) source.Source {
	return source.Kind(objects, clusters.Object(), handler.TypedFuncs[*unstructured.Unstructured, ctrl.Request]{
		CreateFunc: func(_ context.Context, found event.TypedCreateEvent[*unstructured.Unstructured], queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			if priority, waits := priorityAtStart(found.Object); found.IsInInitialList && waits {
				enqueue(queue, found.Object, priority)
			}
		},
		UpdateFunc: func(_ context.Context, changed event.TypedUpdateEvent[*unstructured.Unstructured], queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			if changed.ObjectOld.GetGeneration() != changed.ObjectNew.GetGeneration() {
				enqueue(queue, changed.ObjectNew, editPriority)
			}
		},
	})
}

// priorityAtStart is that of a BarqCluster on which the last operator has left something to do.
func priorityAtStart(cluster *unstructured.Unstructured) (priority int, waits bool) {
	if cluster.GetDeletionTimestamp() != nil {
		return editPriority, true
	}
	asked, err := requestOf(cluster)
	if err != nil || asked.applied == asked.generation {
		return 0, false
	}
	if status, err := helmStatusOf(cluster); err == nil && status.DeployedRelease != nil {
		return editPriority, true
	}
	return newPriority, true
}

func enqueue(queue workqueue.TypedRateLimitingInterface[ctrl.Request], cluster *unstructured.Unstructured, priority int) {
	if ordered, ok := queue.(priorityqueue.PriorityQueue[ctrl.Request]); ok {
		request := ctrl.Request{NamespacedName: client.ObjectKeyFromObject(cluster)}
		ordered.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, request)
	}
}
