package clusters

import (
	corev1 "k8s.io/api/core/v1"
)

// StripPod is a transform for a cache of pods. It drops what the operator does not read, which is most
// of the spec, including the values of variables. It keeps the node of a pod, and how to read the
// message of a container.
func StripPod(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	pod.ManagedFields = nil
	pod.Spec = corev1.PodSpec{
		NodeName:       pod.Spec.NodeName,
		InitContainers: stripContainers(pod.Spec.InitContainers),
		Containers:     stripContainers(pod.Spec.Containers),
	}
	return pod, nil
}

func stripContainers(containers []corev1.Container) []corev1.Container {
	stripped := make([]corev1.Container, len(containers))
	for i := range containers {
		stripped[i].Name, stripped[i].TerminationMessagePolicy = containers[i].Name, containers[i].TerminationMessagePolicy
	}
	return stripped
}
