package clusters

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/ownership"
)

// Object returns an empty BarqCluster in the form in which the cache keeps them.
func Object() *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1alpha1.BarqClusterKind)
	return object
}

// Get reads a BarqCluster.
func Get(ctx context.Context, reader client.Reader, name types.NamespacedName) (*v1alpha1.BarqCluster, error) {
	object := Object()
	// The conversion copies everything, so the result shares no memory with the cache.
	if err := reader.Get(ctx, name, object, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	return v1alpha1.FromUnstructured(object)
}

// StatefulSet reads the BarqCluster's StatefulSet, and returns nil while there is none. One of the
// same name with another owner does not count. The caller must not change it, because the cache shares
// it.
func StatefulSet(ctx context.Context, reader client.Reader, cluster *v1alpha1.BarqCluster) (*appsv1.StatefulSet, error) {
	statefulSet := &appsv1.StatefulSet{}
	if err := reader.Get(ctx, client.ObjectKeyFromObject(cluster), statefulSet, client.UnsafeDisableDeepCopy); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	if !metav1.IsControlledBy(statefulSet, cluster) {
		return nil, nil
	}
	return statefulSet, nil
}

// Pods reads the pods of the BarqCluster's StatefulSet. lookup fits the reader. The caller must not
// change what they refer to, because the cache shares it.
func Pods(ctx context.Context, reader client.Reader, lookup ownership.Lookup,
	cluster *v1alpha1.BarqCluster, statefulSet *appsv1.StatefulSet,
) ([]corev1.Pod, error) {
	var list corev1.PodList
	if err := reader.List(ctx, &list, append(lookup(cluster), client.UnsafeDisableDeepCopy)...); err != nil {
		return nil, fmt.Errorf("listing pods: %w", err)
	}
	var found []corev1.Pod
	for i := range list.Items {
		if metav1.IsControlledBy(&list.Items[i], statefulSet) {
			found = append(found, list.Items[i])
		}
	}
	return found, nil
}
