package kubeclient

import (
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/barq-db/barq-operator/internal/clusters"
)

func TestACauseIsNotedOnTheStatefulSet(t *testing.T) {
	live, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{
		Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{PriorityClassName: "low"}},
	}})
	require.NoError(t, err)
	before := &unstructured.Unstructured{Object: live}
	applied := func(cause clusters.Cause) clusters.Cause {
		wanted := &unstructured.Unstructured{Object: map[string]any{}}
		require.NoError(t, noteCause(wanted, before, cause))
		return clusters.NotedCause(wanted)
	}
	require.Empty(t, applied(clusters.Cause{}), "no pod was replaced yet")
	repair, err := causeOfRepair(before)
	require.NoError(t, err)
	require.Empty(t, repair)

	template := &corev1.PodTemplateSpec{Spec: corev1.PodSpec{PriorityClassName: "low"}}
	cause, err := clusters.NewCause(template, "Secret keys has changed")
	require.NoError(t, err)
	before.SetGeneration(3)
	noted := applied(cause)
	cause.Generation = 4
	require.Equal(t, cause, noted)
	require.NoError(t, cause.Note(before))
	before.SetGeneration(4)
	require.Equal(t, cause, applied(clusters.Cause{}), "another number of pods")
	repair, err = causeOfRepair(before)
	require.NoError(t, err)
	require.Empty(t, repair, "the template is as it was")

	require.NoError(t, unstructured.SetNestedField(before.Object, "high", "spec", "template", "spec", "priorityClassName"))
	repair, err = causeOfRepair(before)
	require.NoError(t, err)
	require.Equal(t, revertedByHand, repair.Why)
	require.Equal(t, cause.Template, repair.Template)
	require.EqualValues(t, 5, applied(repair).Generation)
}
