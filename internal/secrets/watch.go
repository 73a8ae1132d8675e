package secrets

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/secrets/inventory"
)

// The field indexes from the name of a Secret or of a ServiceAccount to the BarqClusters that refer to
// it.
const (
	secretIndex  = "barq.db/secret-names"
	accountIndex = "barq.db/account-names"
	// storeIndex is the same from a Secret to the BarqBackupStores.
	storeIndex = "barq.db/store-secret-names"
)

// IndexReferences adds the indexes that Watch needs. Call it once, before the cache starts.
func IndexReferences(ctx context.Context, indexer client.FieldIndexer) error {
	for index, names := range map[string]func(*v1alpha1.BarqCluster) []string{secretIndex: Names, accountIndex: accounts} {
		clusters := &unstructured.Unstructured{}
		clusters.SetGroupVersionKind(v1alpha1.BarqClusterKind)
		if err := indexer.IndexField(ctx, clusters, index, func(object client.Object) []string {
			cluster, err := specOf(object.(*unstructured.Unstructured))
			if err != nil {
				// The API server has validated the spec, so it is of a version that this operator does
				// not know. Its translation fails with a message of its own.
				return nil
			}
			return names(cluster)
		}); err != nil {
			return err
		}
	}
	return nil
}

// IndexStores adds the index that WatchForStores needs. Call it once, before the cache starts.
func IndexStores(ctx context.Context, indexer client.FieldIndexer) error {
	return indexer.IndexField(ctx, &v1alpha1.BarqBackupStore{}, storeIndex, func(object client.Object) []string {
		return namesOf(StoreReferences(object.(*v1alpha1.BarqBackupStore)))
	})
}

// specOf returns a BarqCluster with its name and spec. The rest has no references, and the indexes are
// made anew with each change of the status.
func specOf(object *unstructured.Unstructured) (*v1alpha1.BarqCluster, error) {
	cluster := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: object.GetNamespace(), Name: object.GetName()}}
	// Without a spec there are no references either.
	spec, _ := object.Object["spec"].(map[string]any)
	return cluster, runtime.DefaultUnstructuredConverter.FromUnstructured(spec, &cluster.Spec)
}

// Watch returns a source that enqueues the BarqClusters which refer to a Secret, whenever that is created, changed or deleted.
// clusters reads BarqClusters from a cache that has the index.
func Watch(secrets *inventory.Inventory, clusters client.Reader) source.Source {
	return &changes{inventory: secrets, objects: clusters, kind: v1alpha1.BarqClusterKind, index: secretIndex, empty: emptyClusters}
}

// WatchAccounts is Watch for ServiceAccounts.
func WatchAccounts(accounts *inventory.Inventory, clusters client.Reader) source.Source {
	return &changes{inventory: accounts, objects: clusters, kind: v1alpha1.BarqClusterKind, index: accountIndex, empty: emptyClusters}
}

func emptyClusters() client.ObjectList {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(v1alpha1.BarqClusterKind)
	return list
}

// WatchForStores is Watch for BarqBackupStores.
func WatchForStores(secrets *inventory.Inventory, stores client.Reader) source.Source {
	return &changes{inventory: secrets, objects: stores, kind: v1alpha1.BarqBackupStoreKind, index: storeIndex, empty: func() client.ObjectList {
		return &v1alpha1.BarqBackupStoreList{}
	}}
}

type changes struct {
	inventory *inventory.Inventory
	objects   client.Reader
	kind      schema.GroupVersionKind
	// index is that from an object of the inventory to those that refer to it.
	index string
	// empty returns an empty list of those.
	empty func() client.ObjectList
}

var _ source.SyncingSource = &changes{}

// Start implements source.Source.
func (c *changes) Start(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	c.inventory.OnChange(func(named types.NamespacedName) {
		list := c.empty()
		if err := c.objects.List(ctx, list, client.InNamespace(named.Namespace),
			client.MatchingFields{c.index: named.Name}, client.UnsafeDisableDeepCopy); err != nil {
			// A list from the cache fails only while the operator stops.
			return
		}
		_ = meta.EachListItem(list, func(object runtime.Object) error {
			queue.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object.(client.Object))})
			return nil
		})
	})
	return nil
}

// WaitForSync implements source.SyncingSource.
func (c *changes) WaitForSync(ctx context.Context) error { return c.inventory.AwaitListed(ctx) }

// String returns the name of the source for the log.
func (c *changes) String() string {
	return c.inventory.String() + " that each " + c.kind.Kind + " refers to"
}
