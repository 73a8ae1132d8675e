package status

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/workload"
)

// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch

// Routes are the objects between clients and pods.
type Routes struct {
	// Services are those of the addresses in the status, by name.
	Services map[string]*corev1.Service
	// Policy is the NetworkPolicy; nil if there is none.
	Policy *networkingv1.NetworkPolicy
}

// findRoutes reads them from the cache.
func findRoutes(ctx context.Context, cache client.Reader, cluster *v1alpha1.BarqCluster, pods map[string]string) (*Routes, error) {
	found := &Routes{Services: map[string]*corev1.Service{}}
	for name := range pods {
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

// findOwned reads an object, and tells whether it is there and the BarqCluster's.
func findOwned(ctx context.Context, cache client.Reader, cluster *v1alpha1.BarqCluster, name string, object client.Object) (bool, error) {
	err := cache.Get(ctx, client.ObjectKey{Namespace: cluster.Namespace, Name: name}, object, client.UnsafeDisableDeepCopy)
	if err != nil {
		return false, client.IgnoreNotFound(err)
	}
	return metav1.IsControlledBy(object, cluster), nil
}

// clientServices gives the Services that the addresses in the status are of, with the pod that each leads to.
func (o Observation) clientServices() map[string]string {
	asked := ptr.Deref(o.StatefulSet.Spec.Replicas, 0)
	if asked == 0 {
		return nil
	}
	if !o.independent() {
		return map[string]string{o.Cluster.Name: o.primary()}
	}
	services := map[string]string{}
	for ordinal := range asked {
		pod := workload.PodName(o.Cluster.Name, ordinal)
		services[pod] = pod
	}
	return services
}

// rolloutObstacle says what keeps a roll-out from pods; empty if nothing does.
func (o Observation) rolloutObstacle() string {
	set := o.StatefulSet
	if set == nil {
		return ""
	}
	strategy := set.Spec.UpdateStrategy
	if strategy.Type == appsv1.OnDeleteStatefulSetStrategyType {
		return fmt.Sprintf("StatefulSet %s has the update strategy OnDelete, so no roll-out reaches its pods", set.Name)
	}
	if rolling := strategy.RollingUpdate; rolling != nil && ptr.Deref(rolling.Partition, 0) > 0 {
		return fmt.Sprintf("the update strategy of StatefulSet %s has the partition %d, so no roll-out reaches the pods below that number", set.Name, *rolling.Partition)
	}
	return ""
}

// obstacle says what of the objects around them keeps clients, the NetworkPolicy or the next roll-out from pods that answer;
// empty if nothing does. The Helm side puts it right, if it can.
func (o Observation) obstacle() string {
	if text := o.rolloutObstacle(); text != "" || o.StatefulSet == nil || o.Routes == nil {
		return text
	}
	services := o.clientServices()
	for i := range o.Pods {
		for name, pod := range services {
			if pod != o.Pods[i].Name {
				continue
			}
			if text := misrouted(o.Routes.Services[name], name, &o.Pods[i]); text != "" {
				return text
			}
		}
	}
	return o.unconfined()
}

// misrouted says why a Service does not lead to its pod; empty if it does.
func misrouted(service *corev1.Service, name string, pod *corev1.Pod) string {
	switch {
	case service == nil:
		return fmt.Sprintf("Service %s does not exist, so clients do not reach pod %s", name, pod.Name)
	case len(service.Spec.Selector) == 0 || !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels)):
		return fmt.Sprintf("the selector of Service %s does not match pod %s, so clients do not reach it", name, pod.Name)
	default:
		return ""
	}
}

// unconfined says why the NetworkPolicy does not hold for a pod; empty if it does, or none is asked for.
func (o Observation) unconfined() string {
	if !ptr.Deref(o.Cluster.Spec.NetworkPolicy.Enabled, true) || len(o.Pods) == 0 {
		return ""
	}
	policy := o.Routes.Policy
	if policy == nil {
		if o.Cluster.Spec.Paused {
			// It may not have been asked for before the pause.
			return ""
		}
		return fmt.Sprintf("NetworkPolicy %s does not exist, so every pod of the Kubernetes cluster may reach the database", o.Cluster.Name)
	}
	selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
	for i := range o.Pods {
		if err != nil || !selector.Matches(labels.Set(o.Pods[i].Labels)) {
			return fmt.Sprintf("NetworkPolicy %s does not select pod %s, so every pod of the Kubernetes cluster may reach it", policy.Name, o.Pods[i].Name)
		}
	}
	return ""
}
