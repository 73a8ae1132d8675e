package barqcluster

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// StatefulSet gives the BarqCluster's StatefulSet, which must exist.
func (k *Kubernetes) StatefulSet(t *testing.T, cluster *v1alpha1.BarqCluster) *appsv1.StatefulSet {
	t.Helper()
	set := &appsv1.StatefulSet{}
	require.NoError(t, k.Client.Get(t.Context(), client.ObjectKeyFromObject(cluster), set))
	return set
}

// Pods gives the BarqCluster's pods.
func (k *Kubernetes) Pods(t *testing.T, cluster *v1alpha1.BarqCluster) []corev1.Pod {
	t.Helper()
	var list corev1.PodList
	require.NoError(t, k.Client.List(t.Context(), &list, mine(cluster)...))
	return list.Items
}

// Identities gives the pods' UIDs by name: equal ones were not replaced.
func (k *Kubernetes) Identities(t *testing.T, cluster *v1alpha1.BarqCluster) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pod := range k.Pods(t, cluster) {
		found[pod.Name] = string(pod.UID)
	}
	return found
}

// Runs gives, for each container of the BarqCluster's pods, what changes when the pod is
// replaced or the container is restarted.
func (k *Kubernetes) Runs(t *testing.T, cluster *v1alpha1.BarqCluster) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pod := range k.Pods(t, cluster) {
		for _, container := range pod.Status.ContainerStatuses {
			found[pod.Name+" "+container.Name] = fmt.Sprintf("pod %s, container %s, %d restarts", pod.UID, container.ContainerID, container.RestartCount)
		}
	}
	require.NotEmpty(t, found)
	return found
}

// PVCs returns the PVCs of the BarqCluster's pods, also of pods that are gone.
func (k *Kubernetes) PVCs(t *testing.T, cluster *v1alpha1.BarqCluster) map[string]corev1.PersistentVolumeClaim {
	t.Helper()
	var list corev1.PersistentVolumeClaimList
	require.NoError(t, k.Client.List(t.Context(), &list, mine(cluster)...))
	found := map[string]corev1.PersistentVolumeClaim{}
	for _, pvc := range list.Items {
		found[pvc.Name] = pvc
	}
	return found
}

// Events gives types, reasons and messages of the events about the BarqCluster.
func (k *Kubernetes) Events(t *testing.T, cluster *v1alpha1.BarqCluster) []string {
	t.Helper()
	var list corev1.EventList
	require.NoError(t, k.Client.List(t.Context(), &list, client.InNamespace(cluster.Namespace)))
	var found []string
	for _, event := range list.Items {
		if event.InvolvedObject.Kind == "BarqCluster" && event.InvolvedObject.Name == cluster.Name {
			found = append(found, event.Type+" "+event.Reason+": "+event.Message)
		}
	}
	return found
}

// Variables gives variables of a container as lines: NAME = VALUE, or NAME from and the source of its value.
func Variables(t *testing.T, variables []corev1.EnvVar) []string {
	t.Helper()
	var lines []string
	for _, variable := range variables {
		line := variable.Name + " = " + variable.Value
		if variable.ValueFrom != nil {
			require.Empty(t, variable.Value)
			source, err := json.Marshal(variable.ValueFrom)
			require.NoError(t, err)
			line = variable.Name + " from " + string(source)
		}
		lines = append(lines, line)
	}
	return lines
}

func mine(cluster *v1alpha1.BarqCluster) []client.ListOption {
	return []client.ListOption{
		client.InNamespace(cluster.Namespace),
		client.MatchingLabels{"app.kubernetes.io/instance": cluster.Name},
	}
}
