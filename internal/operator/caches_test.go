package operator

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/cache"
)

func TestManagedFieldsAreNotCached(t *testing.T) {
	transform := limitedCache().DefaultTransform
	transformed := func(object any) any {
		found, err := transform(object)
		require.NoError(t, err)
		return found
	}
	managed := []metav1.ManagedFieldsEntry{{Manager: "kubectl", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{}}`)}}

	cluster := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{}}}
	cluster.SetName("vectors")
	cluster.SetManagedFields(managed)
	require.Equal(t, &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "vectors"}, "spec": map[string]any{},
	}}, transformed(cluster))

	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "vectors", ManagedFields: managed}}
	require.Equal(t, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "vectors"}}, transformed(service))

	gone := cache.DeletedFinalStateUnknown{Key: "team/vectors"}
	require.Equal(t, gone, transformed(gone))
}
