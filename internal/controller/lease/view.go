package lease

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
)

// View is a client that shows only the BarqClusters that the operator holds. Every controller already
// leaves a missing BarqCluster alone.
type View struct {
	client.Client
	// Operator is the name under which it holds leases.
	Operator string
}

// Get reads an object.
func (v *View) Get(ctx context.Context, name client.ObjectKey, object client.Object, opts ...client.GetOption) error {
	if err := v.Client.Get(ctx, name, object, opts...); err != nil {
		return err
	}
	if found, ok := object.(*unstructured.Unstructured); ok && v.hides(found) {
		return apierrors.NewNotFound(schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "barqclusters"}, name.Name)
	}
	return nil
}

// List reads objects.
func (v *View) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	if err := v.Client.List(ctx, list, opts...); err != nil {
		return err
	}
	if found, ok := list.(*unstructured.UnstructuredList); ok {
		found.Items = slices.DeleteFunc(found.Items, func(object unstructured.Unstructured) bool { return v.hides(&object) })
	}
	return nil
}

// hides reports whether an object is a BarqCluster that the operator does not hold.
func (v *View) hides(object *unstructured.Unstructured) bool {
	if object.GroupVersionKind().GroupKind() != v1alpha1.BarqClusterKind.GroupKind() {
		return false
	}
	return clusters.HolderOf(object) != v.Operator
}
