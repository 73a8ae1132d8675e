package workload

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Observed reports whether the StatefulSet controller has seen the newest StatefulSet. Until then the
// status is about a former one.
func Observed(set *appsv1.StatefulSet) bool { return set.Status.ObservedGeneration >= set.Generation }

// Scaled reports whether the StatefulSet asks for that many pods and has them, of any revision and
// ready or not.
func Scaled(set *appsv1.StatefulSet, replicas int32) bool {
	return Observed(set) && set.Spec.Replicas != nil && *set.Spec.Replicas == replicas && set.Status.Replicas == replicas
}

// HasOneRevision reports whether the StatefulSet controller replaces no pods. It also reports true
// after an edit was reverted, although a pod is of the revision in between; RolledOut counts the pods
// too.
func HasOneRevision(set *appsv1.StatefulSet) bool {
	return set.Status.CurrentRevision == set.Status.UpdateRevision
}

// RolledOut reports whether the StatefulSet has that many pods, all of the newest revision, ready or
// not.
func RolledOut(set *appsv1.StatefulSet, replicas int32) bool {
	return Scaled(set, replicas) && HasOneRevision(set) && (replicas == 0 || set.Status.UpdatedReplicas == replicas)
}

// IsNewest reports whether a pod is of the newest revision that the StatefulSet controller has seen.
func IsNewest(set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	return pod.Labels[appsv1.StatefulSetRevisionLabel] == set.Status.UpdateRevision
}

// Outdated reports whether a pod that is to stay is of a former revision, so that a rollout is going to replace it.
func Outdated(set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && (!Observed(set) || !IsNewest(set, pod))
}
