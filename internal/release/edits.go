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

// editPriority is above that of everything else that starts a Helm pass.
const editPriority = 10

// EditsFirst is a source that puts BarqClusters whose spec was edited, or which are being
// deleted, before all others: whoever edits a database waits for it, and a thousand new
// ones may be in the line.
func EditsFirst(objects cache.Cache) source.Source {
	return source.Kind(objects, clusters.Object(), handler.TypedFuncs[*unstructured.Unstructured, ctrl.Request]{
		UpdateFunc: func(_ context.Context, changed event.TypedUpdateEvent[*unstructured.Unstructured], queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			if changed.ObjectOld.GetGeneration() == changed.ObjectNew.GetGeneration() {
				return
			}
			edited := ctrl.Request{NamespacedName: client.ObjectKeyFromObject(changed.ObjectNew)}
			if ordered, ok := queue.(priorityqueue.PriorityQueue[ctrl.Request]); ok {
				priority := editPriority
				ordered.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, edited)
			}
		},
	})
}
