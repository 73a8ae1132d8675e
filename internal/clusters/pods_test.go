package clusters_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/internal/clusters"
)

func TestOfPodsOnlyWhatIsReadIsKept(t *testing.T) {
	status := corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "192.0.2.1"}
	container := func(name string) corev1.Container {
		return corev1.Container{Name: name, TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError}
	}
	whole := container("barq-db")
	whole.Image, whole.Env = "barq-db:1", []corev1.EnvVar{{Name: "TOKEN", Value: "in plain text"}}
	meta := metav1.ObjectMeta{Name: "vectors-0", UID: "uid", Labels: map[string]string{"a": "b"}}
	whole.StartupProbe = &corev1.Probe{PeriodSeconds: 5, FailureThreshold: 720, TimeoutSeconds: 5}
	pod := &corev1.Pod{ObjectMeta: meta, Status: status, Spec: corev1.PodSpec{
		TerminationGracePeriodSeconds: ptr.To[int64](60), NodeName: "node", Containers: []corev1.Container{whole}, InitContainers: []corev1.Container{container("wait")},
		Volumes: []corev1.Volume{{Name: "data"}}, ServiceAccountName: "vectors",
	}}
	pod.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubelet"}}

	stripped, err := clusters.StripPod(pod)
	require.NoError(t, err)
	database := container("barq-db")
	database.StartupProbe = &corev1.Probe{PeriodSeconds: 5, FailureThreshold: 720}
	require.Equal(t, &corev1.Pod{ObjectMeta: meta, Status: status, Spec: corev1.PodSpec{
		TerminationGracePeriodSeconds: ptr.To[int64](60), NodeName: "node", Containers: []corev1.Container{database}, InitContainers: []corev1.Container{container("wait")},
	}}, stripped)

	gone := cache.DeletedFinalStateUnknown{Key: "team/vectors-0"}
	same, err := clusters.StripPod(gone)
	require.NoError(t, err)
	require.Equal(t, gone, same)
}
