package secrets

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// The field indexes from the name of a Secret or of a ServiceAccount to the BarqClusters that refer to
// it.
const (
	secretIndex  = "barq.db/secret-names"
	accountIndex = "barq.db/account-names"
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

// specOf returns a BarqCluster with its name and spec. The rest has no references, and the indexes are
// made anew with each change of the status.
func specOf(object *unstructured.Unstructured) (*v1alpha1.BarqCluster, error) {
	cluster := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: object.GetNamespace(), Name: object.GetName()}}
	// Without a spec there are no references either.
	spec, _ := object.Object["spec"].(map[string]any)
	return cluster, runtime.DefaultUnstructuredConverter.FromUnstructured(spec, &cluster.Spec)
}

// Watch returns a source that enqueues the BarqClusters which refer to an object of the inventory,
// whenever that object is created, changed or deleted. clusters reads BarqClusters from a cache that
// has the index.
func Watch(inventory *Inventory, clusters client.Reader) source.Source {
	return &changes{inventory: inventory, clusters: clusters}
}

type changes struct {
	inventory *Inventory
	clusters  client.Reader
}

var _ source.SyncingSource = &changes{}

// Start implements source.Source.
func (c *changes) Start(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	c.inventory.onChange(func(secret types.NamespacedName) {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(v1alpha1.BarqClusterKind)
		if err := c.clusters.List(ctx, list, client.InNamespace(secret.Namespace),
			client.MatchingFields{c.inventory.kind.named: secret.Name}, client.UnsafeDisableDeepCopy); err != nil {
			// A list from the cache fails only while the operator stops.
			return
		}
		for i := range list.Items {
			queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{
				Namespace: list.Items[i].GetNamespace(), Name: list.Items[i].GetName(),
			}})
		}
	})
	return nil
}

// WaitForSync implements source.SyncingSource.
func (c *changes) WaitForSync(ctx context.Context) error { return c.inventory.awaitListed(ctx) }

// String returns the name of the source for the log.
func (c *changes) String() string {
	return c.inventory.kind.resource.Resource + " that BarqClusters refer to"
}
