package workload

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Database is the name of the container that runs Barq DB.
const Database = "barq-db"

// AgentPort is the name of the port where the agent answers the operator.
const AgentPort = "agent"

// HasAgent reports whether the containers of a pod have an agent that answers the operator.
func HasAgent(containers []corev1.Container) bool {
	return slices.ContainsFunc(containers, func(container corev1.Container) bool {
		return slices.ContainsFunc(container.Ports, func(port corev1.ContainerPort) bool { return port.Name == AgentPort })
	})
}

// PodName returns the name that a StatefulSet gives to a pod.
func PodName(set string, ordinal int32) string { return set + "-" + strconv.Itoa(int(ordinal)) }

// Primary returns the name of the pod that holds all data in mode Primary.
func Primary(set string) string { return PodName(set, 0) }

// ByOrdinal compares the names of two pods of a StatefulSet: vectors-10 comes after vectors-9.
func ByOrdinal(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }

// Condition returns a condition of a pod, or nil.
func Condition(pod *corev1.Pod, name corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == name {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

// Ready reports whether a pod is Ready and is to stay.
func Ready(pod *corev1.Pod) bool {
	ready := Condition(pod, corev1.PodReady)
	return pod.DeletionTimestamp == nil && ready != nil && ready.Status == corev1.ConditionTrue
}

// AvailableIn returns how long a pod that is Ready has to stay Ready until that was for
// minReadySeconds.
func AvailableIn(pod *corev1.Pod, minReadySeconds int32, now time.Time) time.Duration {
	since := Condition(pod, corev1.PodReady).LastTransitionTime.Time
	return max(time.Duration(minReadySeconds)*time.Second-now.Sub(since), 0)
}
