package protection

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Watch returns a source that enqueues the protected BarqClusters whenever the effect of the policy
// changes. clusters reads BarqClusters from a cache.
func Watch(policy *Policy, clusters client.Reader) source.Source {
	return &changes{policy: policy, clusters: clusters}
}

type changes struct {
	policy   *Policy
	clusters client.Reader
}

var _ source.SyncingSource = &changes{}

// Start implements source.Source.
func (c *changes) Start(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	c.policy.lock.Lock()
	defer c.policy.lock.Unlock()
	c.policy.changed = append(c.policy.changed, func() {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(v1alpha1.BarqClusterKind)
		if err := c.clusters.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			// A list from the cache fails only while the operator stops.
			return
		}
		for i := range list.Items {
			if protected, _, _ := unstructured.NestedBool(list.Items[i].Object, "spec", "deletionProtection"); protected {
				queue.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
			}
		}
	})
	return nil
}

// WaitForSync implements source.SyncingSource.
func (c *changes) WaitForSync(ctx context.Context) error {
	select {
	case <-c.policy.known:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the admission policy: %w", context.Cause(ctx))
	}
}

// String returns the name of the source for the log.
func (c *changes) String() string { return "the admission policy of spec.deletionProtection" }
