package secrets

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// indexName is the field index from a Secret's name to the BarqClusters that
// refer to it.
const indexName = "barq.db/secret-names"

// IndexReferences makes the index that Watch needs. Call it once, before the
// cache starts.
func IndexReferences(ctx context.Context, indexer client.FieldIndexer) error {
	clusters := &unstructured.Unstructured{}
	clusters.SetGroupVersionKind(v1alpha1.BarqClusterKind)
	return indexer.IndexField(ctx, clusters, indexName, func(object client.Object) []string {
		cluster, err := v1alpha1.FromUnstructured(object.(*unstructured.Unstructured))
		if err != nil {
			// The API server validated it, so this is a version that this operator does
			// not know; its translation fails with a message of its own.
			return nil
		}
		return Names(cluster)
	})
}

// Watch gives a source that enqueues the BarqClusters that refer to a Secret,
// whenever a Secret is made, changed or deleted. secrets is a cache of Secrets'
// metadata, clusters reads BarqClusters from a cache that has the index.
func Watch(secrets cache.Cache, clusters client.Reader) source.Source {
	kind := &metav1.PartialObjectMetadata{}
	kind.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	enqueue := func(ctx context.Context, secret *metav1.PartialObjectMetadata) []reconcile.Request {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(v1alpha1.BarqClusterKind)
		if err := clusters.List(ctx, list,
			client.InNamespace(secret.Namespace), client.MatchingFields{indexName: secret.Name}); err != nil {
			// A list from the cache fails only while the operator stops.
			return nil
		}
		requests := make([]reconcile.Request, 0, len(list.Items))
		for i := range list.Items {
			requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{
				Namespace: list.Items[i].GetNamespace(), Name: list.Items[i].GetName(),
			}})
		}
		return requests
	}
	return source.Kind(secrets, kind,
		handler.TypedEnqueueRequestsFromMapFunc(enqueue),
		predicate.TypedResourceVersionChangedPredicate[*metav1.PartialObjectMetadata]{})
}
