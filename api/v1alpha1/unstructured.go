package v1alpha1

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// FromUnstructured gives the typed form of a BarqCluster. The operator keeps
// BarqClusters unstructured in its cache, because the Helm reconciler does, and one
// cache is enough.
func FromUnstructured(object *unstructured.Unstructured) (*BarqCluster, error) {
	cluster := &BarqCluster{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, cluster); err != nil {
		return nil, fmt.Errorf("reading BarqCluster %s/%s: %w", object.GetNamespace(), object.GetName(), err)
	}
	return cluster, nil
}
