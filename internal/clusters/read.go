package clusters

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/ownership"
)

// statefulSetKind is the full kind of a StatefulSet.
var statefulSetKind = appsv1.SchemeGroupVersion.WithKind("StatefulSet")

// Object gives an empty BarqCluster of the form in which the cache keeps them.
func Object() *unstructured.Unstructured { return unstructuredOf(v1alpha1.BarqClusterKind) }

// StatefulSetObject gives an empty StatefulSet of the form in which the cache
// keeps them.
func StatefulSetObject() *unstructured.Unstructured { return unstructuredOf(statefulSetKind) }

func unstructuredOf(kind schema.GroupVersionKind) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	return object
}

// Get reads a BarqCluster.
func Get(ctx context.Context, reader client.Reader, name types.NamespacedName) (*v1alpha1.BarqCluster, error) {
	object := Object()
	if err := reader.Get(ctx, name, object); err != nil {
		return nil, err
	}
	return v1alpha1.FromUnstructured(object)
}

// StatefulSet reads the BarqCluster's StatefulSet, or gives nil while there is none.
// One of the same name that belongs to somebody else is none.
func StatefulSet(ctx context.Context, reader client.Reader, cluster *v1alpha1.BarqCluster) (*appsv1.StatefulSet, error) {
	object := StatefulSetObject()
	if err := reader.Get(ctx, client.ObjectKeyFromObject(cluster), object); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	if !metav1.IsControlledBy(object, cluster) {
		return nil, nil
	}
	statefulSet := &appsv1.StatefulSet{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, statefulSet); err != nil {
		return nil, fmt.Errorf("reading StatefulSet %s: %w", cluster.Name, err)
	}
	return statefulSet, nil
}

// Pods reads the pods of the BarqCluster's StatefulSet.
func Pods(ctx context.Context, reader client.Reader, cluster *v1alpha1.BarqCluster, statefulSet *appsv1.StatefulSet) ([]corev1.Pod, error) {
	var list corev1.PodList
	if err := reader.List(ctx, &list, ownership.Of(cluster)...); err != nil {
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
