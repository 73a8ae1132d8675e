package testbed

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// workers is how many requests are made at a time where many are; more than an operator works on, so that it always has
// work.
const workers = 8

// ClusterName is the name of one of many BarqClusters.
func ClusterName(index int) string { return fmt.Sprintf("db-%04d", index) }

// NewCluster gives a BarqCluster that works: one pod, so small that two thousand have room on the simulated nodes, and
// Ready as soon as it answers. Everything else is the default.
func NewCluster(namespace, name string) *v1alpha1.BarqCluster {
	made := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	made.Spec.Storage.Size = ptr.To(resource.MustParse("1Gi"))
	made.Spec.Resources = &corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("50m"),
		corev1.ResourceMemory: resource.MustParse("64Mi"),
	}}
	made.Spec.MinReadySeconds = ptr.To[int32](0)
	return made
}

// Each does something for each index below count, several at a time.
func Each(ctx context.Context, count int, do func(ctx context.Context, index int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i := range count {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// Watch has changes of objects in a namespace handled until stop is called. It returns when those that there are were.
func (b *Testbed) Watch(ctx context.Context, namespace string, handler cache.ResourceEventHandler,
	choose func(informers.SharedInformerFactory) []cache.SharedIndexInformer,
) (stop func(), err error) {
	client, err := kubernetes.NewForConfig(b.Config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	for _, informer := range choose(factory) {
		if _, err := informer.AddEventHandler(handler); err != nil {
			cancel()
			return nil, err
		}
	}
	factory.Start(ctx.Done())
	stop = func() { cancel(); factory.Shutdown() }
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			stop()
			return nil, fmt.Errorf("watch %s: %w", kind, context.Cause(ctx))
		}
	}
	return stop, nil
}
