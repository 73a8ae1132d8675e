package operator

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/apply"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/ownership"
)

// limitedCache keeps only objects of BarqClusters, and of those only the fields that the operator reads. Unlimited
// caches make operators run out of memory on large Kubernetes clusters.
func limitedCache() cache.Options {
	mine := cache.ByObject{Label: ownership.Selector()}
	pods := mine
	pods.Transform = clusters.StripPod
	rendered := func(kind string) cache.ByObject {
		return cache.ByObject{Label: mine.Label, Transform: apply.Strip(kind)}
	}
	return cache.Options{
		DefaultTransform: withoutManagedFields,
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Pod{}:                   pods,
			&corev1.PersistentVolumeClaim{}: mine,
			&corev1.Service{}:               rendered("Service"),
			&corev1.ServiceAccount{}:        rendered("ServiceAccount"),
			&corev1.ConfigMap{}:             rendered("ConfigMap"),
			// The certificates of the agents, of which only metadata are read.
			&corev1.Secret{}:                mine,
			&appsv1.StatefulSet{}:           rendered("StatefulSet"),
			&networkingv1.NetworkPolicy{}:   rendered("NetworkPolicy"),
			&policyv1.PodDisruptionBudget{}: rendered("PodDisruptionBudget"),
		},
	}
}

// withoutManagedFields does what cache.TransformStripManagedFields does, without reading the managed fields first. Of a
// monitor, whose kind need not exist, it keeps the same as of the chart's other kinds.
func withoutManagedFields(object any) (any, error) {
	if monitor, ok := object.(*unstructured.Unstructured); ok && slices.Contains(owned.MonitorKinds, monitor.GroupVersionKind()) {
		return apply.Strip(monitor.GetKind())(object)
	}
	if accessor, err := meta.Accessor(object); err == nil {
		accessor.SetManagedFields(nil)
	}
	return object, nil
}
