package routes

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/workload"
)

// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch

// Routes are the objects between clients and pods.
type Routes struct {
	// Services are the Services of the addresses in the status, by name.
	Services map[string]*corev1.Service
	// Policy is the NetworkPolicy; nil if there is none.
	Policy *networkingv1.NetworkPolicy
}

// Find reads the objects between clients and the pods of a StatefulSet from the cache.
func Find(ctx context.Context, cache client.Reader, cluster *v1alpha1.BarqCluster, set *appsv1.StatefulSet) (*Routes, error) {
	found := &Routes{Services: map[string]*corev1.Service{}}
	for name := range services(cluster, set) {
		service := &corev1.Service{}
		if ours, err := findOwned(ctx, cache, cluster, name, service); err != nil {
			return nil, err
		} else if ours {
			found.Services[name] = service
		}
	}
	policy := &networkingv1.NetworkPolicy{}
	ours, err := findOwned(ctx, cache, cluster, cluster.Name, policy)
	if ours {
		found.Policy = policy
	}
	return found, err
}

// findOwned reads an object, and reports whether it exists and belongs to the BarqCluster.
func findOwned(ctx context.Context, cache client.Reader, cluster *v1alpha1.BarqCluster, name string, object client.Object) (bool, error) {
	err := cache.Get(ctx, client.ObjectKey{Namespace: cluster.Namespace, Name: name}, object, client.UnsafeDisableDeepCopy)
	if err != nil {
		return false, client.IgnoreNotFound(err)
	}
	return metav1.IsControlledBy(object, cluster), nil
}

// services returns the names of the Services behind the addresses in the status, with the pod that
// each leads to.
func services(cluster *v1alpha1.BarqCluster, set *appsv1.StatefulSet) map[string]string {
	asked := ptr.Deref(set.Spec.Replicas, 0)
	if asked == 0 {
		return nil
	}
	if cluster.Spec.Topology.Mode != v1alpha1.TopologyIndependent {
		return map[string]string{cluster.Name: workload.Primary(cluster.Name)}
	}
	found := map[string]string{}
	for ordinal := range asked {
		pod := workload.PodName(cluster.Name, ordinal)
		found[pod] = pod
	}
	return found
}
