package absence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// ago returns a time as Kubernetes stores it.
func ago(age time.Duration) metav1.Time { return metav1.NewTime(now.Add(-age)) }

func TestNewestFailedCreation(t *testing.T) {
	require.Nil(t, newestFailedCreation(nil))

	event := func(message string, first, last time.Duration) corev1.Event {
		event := corev1.Event{Message: message, FirstTimestamp: ago(first), LastTimestamp: ago(last)}
		event.CreationTimestamp = ago(first)
		return event
	}
	require.Equal(t, &FailedCreation{Message: "quota", Since: now.Add(-time.Hour), Last: now.Add(-10 * time.Second)}, newestFailedCreation([]corev1.Event{
		event("policy", time.Minute, 30*time.Second),
		event("quota", time.Hour, 10*time.Second),
		event("limit", 2*time.Hour, time.Hour),
	}))

	// An event that was recorded through the newer API has no such times.
	modern := corev1.Event{Message: "quota"}
	modern.CreationTimestamp = ago(time.Minute)
	require.Equal(t, &FailedCreation{Message: "quota", Since: now.Add(-time.Minute), Last: now.Add(-time.Minute)},
		newestFailedCreation([]corev1.Event{modern}))
}

func TestMemory(t *testing.T) {
	set := &appsv1.StatefulSet{}
	set.UID = "uid"
	name := types.NamespacedName{Namespace: "team", Name: "vectors"}
	at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	earliest := at(-600)

	absences := &Memory{}
	require.Equal(t, map[string]time.Time{"vectors-2": earliest}, absences.Note(name, set, []string{"vectors-2"}, earliest, at(0)), "a process has just started")
	require.Equal(t, map[string]time.Time{"vectors-1": at(1), "vectors-2": earliest}, absences.Note(name, set, []string{"vectors-1", "vectors-2"}, earliest, at(1)))
	set.Generation++
	require.Equal(t, map[string]time.Time{"vectors-1": at(1), "vectors-2": earliest}, absences.Note(name, set, nil, earliest, at(2)),
		"an edit that has not been seen yet brings no pod back")
	set.Generation--
	require.Empty(t, absences.Note(name, set, nil, earliest, at(3)))
	require.Equal(t, map[string]time.Time{"vectors-2": at(4)}, absences.Note(name, set, []string{"vectors-2"}, earliest, at(4)), "it was there in between")

	set.UID, set.CreationTimestamp = "another", metav1.NewTime(at(5))
	require.Equal(t, map[string]time.Time{"vectors-2": at(5)}, absences.Note(name, set, []string{"vectors-2"}, earliest, at(6)), "no pod is missing before its StatefulSet")
	absences.Forget(name)
	require.Equal(t, map[string]time.Time{"vectors-2": at(5)}, absences.Note(name, set, []string{"vectors-2"}, earliest, at(7)))
}

func TestEarliest(t *testing.T) {
	require.Zero(t, Earliest(&v1alpha1.BarqClusterStatus{}, now))
	of := func(at time.Time) time.Time {
		stored := &v1alpha1.BarqClusterStatus{Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, LastTransitionTime: metav1.NewTime(at)}}}
		return Earliest(stored, now)
	}
	require.Equal(t, now.Add(-time.Hour), of(now.Add(-time.Hour)))
	require.Equal(t, now, of(now.Add(time.Hour)), "a clock was wrong, or another manager wrote it")
}

func TestMissing(t *testing.T) {
	set := &appsv1.StatefulSet{}
	set.Name, set.Generation = "vectors", 2
	set.Spec.Replicas, set.Status.ObservedGeneration = ptr.To[int32](3), 2
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "vectors-1"}}
	require.Empty(t, Missing(nil, nil))
	require.Equal(t, []string{"vectors-0", "vectors-2"}, Missing(set, []corev1.Pod{pod}))
	set.Generation = 3
	require.Empty(t, Missing(set, []corev1.Pod{pod}), "how many there are to be is not known yet")
}
