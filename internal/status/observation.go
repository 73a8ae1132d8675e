package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/secrets"
)

// Observation is everything that the status is computed from.
type Observation struct {
	// Cluster is the BarqCluster with its stored status.
	Cluster *v1alpha1.BarqCluster
	// Secrets says whether what the spec refers to is there.
	Secrets secrets.Resolution
	// StatefulSet that belongs to the BarqCluster; nil while there is none.
	StatefulSet *appsv1.StatefulSet
	// Pods of the StatefulSet.
	Pods []corev1.Pod
	// Claims of the pods, also of pods that are gone.
	Claims []corev1.PersistentVolumeClaim
}

// applied tells whether the Helm side finished a pass over the newest spec with
// success. Deployed alone does not: it stays True while the newest release failed.
func (o Observation) applied() bool {
	return o.helmCondition(v1alpha1.ConditionIrreconcilable, metav1.ConditionFalse) != nil &&
		o.helmCondition(v1alpha1.ConditionReleaseFailed, metav1.ConditionFalse) != nil &&
		o.helmCondition(v1alpha1.ConditionDeployed, metav1.ConditionTrue) != nil
}

// refusal is the message of a pass over the newest spec that ended in an error, or
// nothing. One that waited for Secrets which are there by now is out of date.
func (o Observation) refusal() string {
	failed := o.helmCondition(v1alpha1.ConditionIrreconcilable, metav1.ConditionTrue)
	if failed == nil || secrets.IsHeldBack(failed.Message) {
		return ""
	}
	return failed.Message
}

// helmCondition gives the condition if it has the status and is about the newest spec.
func (o Observation) helmCondition(name string, status metav1.ConditionStatus) *metav1.Condition {
	condition := meta.FindStatusCondition(o.Cluster.Status.Conditions, name)
	if condition == nil || condition.Status != status || condition.ObservedGeneration != o.Cluster.Generation {
		return nil
	}
	return condition
}

// rolledOut tells whether every pod that is asked for exists in the newest revision,
// whether or not it answers, and no other pod is left.
func (o Observation) rolledOut() bool {
	set := o.StatefulSet
	desired := o.Cluster.Spec.DesiredReplicas()
	return set != nil &&
		set.Status.ObservedGeneration >= set.Generation &&
		set.Spec.Replicas != nil && *set.Spec.Replicas == desired &&
		set.Status.Replicas == desired &&
		(desired == 0 || set.Status.UpdatedReplicas == desired) &&
		set.Status.CurrentRevision == set.Status.UpdateRevision
}

// schedulingGrace is how long a pod may be without a node before that is trouble.
// Every new pod is, until its volume is bound.
const schedulingGrace = 10 * time.Second

// podTrouble says why pods do not answer, in the words of Kubernetes, one part for
// each pod; empty when pods are merely starting.
func (o Observation) podTrouble(now time.Time) string {
	var found []string
	for i := range o.Pods {
		if trouble := troubleOf(&o.Pods[i], now); trouble != "" {
			found = append(found, fmt.Sprintf("pod %s: %s", o.Pods[i].Name, trouble))
		}
	}
	slices.Sort(found)
	return strings.Join(found, "; ")
}

// starting are the reasons of a container that waits in the ordinary way.
var starting = []string{"", "ContainerCreating", "PodInitializing"}

func troubleOf(pod *corev1.Pod, now time.Time) string {
	for _, container := range pod.Status.ContainerStatuses {
		if waiting := container.State.Waiting; waiting != nil && !slices.Contains(starting, waiting.Reason) {
			return describe(waiting.Reason, waiting.Message)
		}
	}
	if condition := unscheduled(pod); condition != nil && now.Sub(condition.LastTransitionTime.Time) >= schedulingGrace {
		return describe(condition.Reason, condition.Message)
	}
	return ""
}

// unscheduled gives the condition of a pod that has no node, or nil.
func unscheduled(pod *corev1.Pod) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		condition := &pod.Status.Conditions[i]
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return condition
		}
	}
	return nil
}

// LookAgainAfter is when the status may change though nothing that is watched
// does; zero means never.
func (o Observation) LookAgainAfter(now time.Time) time.Duration {
	var soonest time.Duration
	for i := range o.Pods {
		condition := unscheduled(&o.Pods[i])
		if condition == nil {
			continue
		}
		left := schedulingGrace - now.Sub(condition.LastTransitionTime.Time)
		if left > 0 && (soonest == 0 || left < soonest) {
			soonest = left
		}
	}
	return soonest
}

func describe(reason, message string) string {
	if message == "" {
		return reason
	}
	return reason + ": " + message
}

// capacity is the largest capacity that a claim has, or nil.
func (o Observation) capacity() *resource.Quantity {
	var largest *resource.Quantity
	for i := range o.Claims {
		size, ok := o.Claims[i].Status.Capacity[corev1.ResourceStorage]
		if ok && (largest == nil || size.Cmp(*largest) > 0) {
			largest = &size
		}
	}
	return largest
}

// behind names the claims whose volume is smaller than the spec asks for.
func (o Observation) behind() []string {
	var names []string
	for i := range o.Claims {
		claim := &o.Claims[i]
		size, ok := claim.Status.Capacity[corev1.ResourceStorage]
		if ok && size.Cmp(o.Cluster.Spec.DesiredSize()) < 0 {
			names = append(names, fmt.Sprintf("%s has %s", claim.Name, size.String()))
		}
	}
	slices.Sort(names)
	return names
}
