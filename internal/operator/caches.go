package operator

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/interning"
	"github.com/barq-db/barq-operator/internal/ownership"
)

// limitedCache keeps only what belongs to a BarqCluster, and of that only what is
// read, with strings that it has once. Unlimited caches are what makes operators run out of memory on large
// Kubernetes clusters.
func limitedCache() cache.Options {
	strings := &interning.Strings{}
	mine := cache.ByObject{Label: ownership.Selector()}
	pods := mine
	pods.Transform = both(clusters.StripPod, strings.Share)
	return cache.Options{
		DefaultTransform: both(withoutManagedFields, strings.Share),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Pod{}:                   pods,
			&corev1.PersistentVolumeClaim{}: mine,
			&corev1.Service{}:               mine,
			&corev1.ServiceAccount{}:        mine,
			&corev1.ConfigMap{}:             mine,
			&appsv1.StatefulSet{}:           mine,
			&networkingv1.NetworkPolicy{}:   mine,
			&policyv1.PodDisruptionBudget{}: mine,
		},
	}
}

// withoutManagedFields does what cache.TransformStripManagedFields does, which reads them first to see whether there are any.
func withoutManagedFields(object any) (any, error) {
	if accessor, err := meta.Accessor(object); err == nil {
		accessor.SetManagedFields(nil)
	}
	return object, nil
}

// both makes one transform of two.
func both(first, second toolscache.TransformFunc) toolscache.TransformFunc {
	return func(object any) (any, error) {
		object, err := first(object)
		if err != nil {
			return nil, err
		}
		return second(object)
	}
}
