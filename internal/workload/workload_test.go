package workload_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/internal/workload"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestPodNames(t *testing.T) {
	require.Equal(t, "vectors-10", workload.PodName("vectors", 10))
	require.Equal(t, "vectors-0", workload.Primary("vectors"))
	names := []string{"vectors-10", "vectors-9", "vectors-11", "vectors-0"}
	slices.SortFunc(names, workload.ByOrdinal)
	require.Equal(t, []string{"vectors-0", "vectors-9", "vectors-10", "vectors-11"}, names)
}

func TestReady(t *testing.T) {
	pod := &corev1.Pod{}
	require.False(t, workload.Ready(pod), "it says nothing")
	pod.Status.Conditions = []corev1.PodCondition{
		{Type: corev1.ContainersReady, Status: corev1.ConditionTrue},
		{Type: corev1.PodReady, Status: corev1.ConditionFalse},
	}
	require.False(t, workload.Ready(pod), "only its containers are")
	pod.Status.Conditions[1].Status = corev1.ConditionTrue
	require.True(t, workload.Ready(pod))
	pod.DeletionTimestamp = ptr.To(metav1.NewTime(now))
	require.False(t, workload.Ready(pod), "it is to go")
}

func TestAvailableIn(t *testing.T) {
	pod := &corev1.Pod{}
	pod.Status.Conditions = []corev1.PodCondition{
		{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-2 * time.Second))},
	}
	require.Equal(t, 3*time.Second, workload.AvailableIn(pod, 5, now))
	require.Zero(t, workload.AvailableIn(pod, 2, now))
	require.Zero(t, workload.AvailableIn(pod, 0, now))
}

// The questions differ in what they examine: asking the wrong one gives an early answer.
func TestHowFarARolloutHasCome(t *testing.T) {
	type answers struct{ observed, scaled, oneRevision, rolledOut bool }
	for name, test := range map[string]struct {
		change func(*appsv1.StatefulSet)
		want   answers
	}{
		"done":                        {func(*appsv1.StatefulSet) {}, answers{true, true, true, true}},
		"the change was not seen yet": {func(set *appsv1.StatefulSet) { set.Generation = 3 }, answers{false, false, true, false}},
		"a pod is missing":            {func(set *appsv1.StatefulSet) { set.Status.Replicas = 2 }, answers{true, false, true, false}},
		"another number is asked for": {func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To[int32](2) }, answers{true, false, true, false}},
		"no number is asked for":      {func(set *appsv1.StatefulSet) { set.Spec.Replicas = nil }, answers{true, false, true, false}},
		"pods are replaced":           {func(set *appsv1.StatefulSet) { set.Status.CurrentRevision = "a" }, answers{true, true, false, false}},
		"an edit was taken back":      {func(set *appsv1.StatefulSet) { set.Status.UpdatedReplicas = 2 }, answers{true, true, true, false}},
		"no pod is Ready":             {func(set *appsv1.StatefulSet) { set.Status.ReadyReplicas = 0 }, answers{true, true, true, true}},
	} {
		t.Run(name, func(t *testing.T) {
			set := &appsv1.StatefulSet{}
			set.Generation, set.Spec.Replicas = 2, ptr.To[int32](3)
			set.Status = appsv1.StatefulSetStatus{
				ObservedGeneration: 2, Replicas: 3, ReadyReplicas: 3, UpdatedReplicas: 3, CurrentRevision: "b", UpdateRevision: "b",
			}
			test.change(set)
			require.Equal(t, test.want, answers{
				workload.Observed(set), workload.Scaled(set, 3), workload.HasOneRevision(set), workload.RolledOut(set, 3),
			})
		})
	}
	hibernated := &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{Replicas: ptr.To[int32](0)}}
	hibernated.Status.UpdatedReplicas = 1
	require.True(t, workload.RolledOut(hibernated, 0), "the count of a StatefulSet without pods may be an old one")
}

func TestIsNewest(t *testing.T) {
	set, pod := &appsv1.StatefulSet{}, &corev1.Pod{}
	set.Status.UpdateRevision = "b"
	require.False(t, workload.IsNewest(set, pod))
	pod.Labels = map[string]string{appsv1.StatefulSetRevisionLabel: "b"}
	require.True(t, workload.IsNewest(set, pod))
	require.False(t, workload.Outdated(set, pod))
	set.Generation = 1
	require.True(t, workload.Outdated(set, pod), "what the newest revision will be is not known yet")
	pod.DeletionTimestamp = ptr.To(metav1.NewTime(now))
	require.False(t, workload.Outdated(set, pod), "it goes anyhow")
}
