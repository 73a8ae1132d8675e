package records

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// lostAfter is how long the source waits after the newest record is deleted. By then, a reconcile no longer believes
// that a write of its own, which the cache has not shown, is still there.
const lostAfter = writesAwaited + time.Second

// Lost returns a source that enqueues a BarqCluster after its newest record is deleted. Helm deletes records too. It
// deletes the oldest ones when there are too many, which starts no reconcile. It deletes all of them with the
// BarqCluster, which no longer exists when its request comes. The source reads releases, a cache of the metadata of
// Secrets, with the index of IndexReleases.
func Lost(releases cache.Cache) source.Source {
	return source.Kind(releases, SecretMetadata(), handler.TypedFuncs[*metav1.PartialObjectMetadata, reconcile.Request]{
		DeleteFunc: func(ctx context.Context, deleted event.TypedDeleteEvent[*metav1.PartialObjectMetadata],
			queue workqueue.TypedRateLimitingInterface[reconcile.Request],
		) {
			for _, release := range ReleaseOf(deleted.Object) {
				name := types.NamespacedName{Namespace: deleted.Object.Namespace, Name: release}
				left, _, err := Cached(ctx, releases, name)
				// Listing from the cache fails only while the operator stops.
				if err == nil && isNewest(deleted.Object, left) {
					queue.AddAfter(reconcile.Request{NamespacedName: name}, lostAfter)
				}
			}
		},
	})
}

// isNewest reports whether a record is of a later revision than all others.
func isNewest(record client.Object, others Versions) bool {
	for other := range others {
		if NumberOf(other) > NumberOf(record.GetName()) {
			return false
		}
	}
	return true
}
