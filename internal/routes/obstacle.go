package routes

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Obstacle says what keeps clients or the NetworkPolicy from pods of the StatefulSet; empty if nothing
// does. The operator repairs it if it can.
func (r *Routes) Obstacle(cluster *v1alpha1.BarqCluster, set *appsv1.StatefulSet, pods []corev1.Pod) string {
	leadsTo := services(cluster, set)
	for i := range pods {
		for name, pod := range leadsTo {
			if pod != pods[i].Name {
				continue
			}
			if text := misrouted(r.Services[name], name, &pods[i]); text != "" {
				return text
			}
		}
	}
	return r.unconfined(cluster, pods)
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

// unconfined says why the NetworkPolicy does not hold for a pod; empty if it does, or the spec asks
// for none.
func (r *Routes) unconfined(cluster *v1alpha1.BarqCluster, pods []corev1.Pod) string {
	if !ptr.Deref(cluster.Spec.NetworkPolicy.Enabled, true) || len(pods) == 0 {
		return ""
	}
	if r.Policy == nil {
		if cluster.Spec.Paused {
			// The spec may not have asked for it before the pause.
			return ""
		}
		return fmt.Sprintf("NetworkPolicy %s does not exist, so every pod of the Kubernetes cluster may reach the database", cluster.Name)
	}
	selector, err := metav1.LabelSelectorAsSelector(&r.Policy.Spec.PodSelector)
	for i := range pods {
		if err != nil || !selector.Matches(labels.Set(pods[i].Labels)) {
			return fmt.Sprintf("NetworkPolicy %s does not select pod %s, so every pod of the Kubernetes cluster may reach it", r.Policy.Name, pods[i].Name)
		}
	}
	return ""
}
