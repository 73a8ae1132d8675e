package storage

import (
	"context"
	"strconv"
	"strings"
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

// lostAfter is the time after which a record that is gone is looked at: once a pass no longer
// believes that its own write, which the cache may not have shown, is still there.
const lostAfter = writesAwaited + time.Second

// Lost gives a source that enqueues a BarqCluster when the newest record of its release is gone. Helm deletes records
// too: the oldest ones when there are too many, which does not concern anybody, and all with the BarqCluster, which is
// gone by the time that this comes. releases is a cache of the metadata of Secrets, with the index of IndexReleases.
func Lost(releases cache.Cache) source.Source {
	return source.Kind(releases, SecretMetadata(), handler.TypedFuncs[*metav1.PartialObjectMetadata, reconcile.Request]{
		DeleteFunc: func(ctx context.Context, deleted event.TypedDeleteEvent[*metav1.PartialObjectMetadata],
			queue workqueue.TypedRateLimitingInterface[reconcile.Request],
		) {
			for _, release := range ReleaseOf(deleted.Object) {
				name := types.NamespacedName{Namespace: deleted.Object.Namespace, Name: release}
				left, _, err := Cached(ctx, releases, name)
				// A list from the cache fails only while the operator stops.
				if err == nil && isNewest(deleted.Object, left) {
					queue.AddAfter(reconcile.Request{NamespacedName: name}, lostAfter)
				}
			}
		},
	})
}

// isNewest tells whether a record is of a later revision than all others.
func isNewest(record client.Object, others Versions) bool {
	for other := range others {
		if revisionOf(other) > revisionOf(record.GetName()) {
			return false
		}
	}
	return true
}

// revisionOf returns the number of the revision that a Secret of the name stores, 0 if none or one that no operator reaches.
func revisionOf(secret string) int {
	text := secret[strings.LastIndex(secret, versionStart)+len(versionStart):]
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 || number >= revisionLimit || strconv.Itoa(number) != text {
		return 0
	}
	return number
}
