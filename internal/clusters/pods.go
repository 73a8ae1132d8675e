package clusters

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/internal/workload"
)

// StripPod is a transform for a cache of pods. It drops what the operator does not read, which is most
// of the spec, including the values of variables. It keeps the node of a pod, how to read the message
// of a container, how long it may start and stop, and whether there is an agent.
func StripPod(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	pod.ManagedFields = nil
	pod.Spec = corev1.PodSpec{
		NodeName:                      pod.Spec.NodeName,
		InitContainers:                stripContainers(pod.Spec.InitContainers),
		Containers:                    stripContainers(pod.Spec.Containers),
		TerminationGracePeriodSeconds: pod.Spec.TerminationGracePeriodSeconds,
	}
	return pod, nil
}

func stripContainers(containers []corev1.Container) []corev1.Container {
	stripped := make([]corev1.Container, len(containers))
	for i := range containers {
		stripped[i].Name, stripped[i].TerminationMessagePolicy = containers[i].Name, containers[i].TerminationMessagePolicy
		stripped[i].Ports = slices.DeleteFunc(slices.Clone(containers[i].Ports), func(port corev1.ContainerPort) bool {
			return port.Name != workload.AgentPort
		})
		if probe := containers[i].StartupProbe; probe != nil {
			stripped[i].StartupProbe = &corev1.Probe{
				InitialDelaySeconds: probe.InitialDelaySeconds, PeriodSeconds: probe.PeriodSeconds, FailureThreshold: probe.FailureThreshold,
			}
		}
	}
	return stripped
}
