package clusters

import (
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

// Concerns returns a predicate for a controller that reads only the given parts of the status. It drops updates of a
// BarqCluster in which the other parts changed. A start writes the status half a dozen times, and a reconcile for each
// write would find nothing to do.
func Concerns(parts ...Part) predicate.Funcs {
	return predicate.Funcs{UpdateFunc: func(changed event.UpdateEvent) bool {
		before, known := changed.ObjectOld.(*unstructured.Unstructured)
		after, ok := changed.ObjectNew.(*unstructured.Unstructured)
		return !known || !ok || ConcernsAll(before, after) ||
			slices.ContainsFunc(parts, func(part Part) bool { return !reflect.DeepEqual(part.Of(before), part.Of(after)) })
	}}
}

// ConcernsAll reports whether an update of a BarqCluster concerns every controller, whatever parts of the status it
// reads: the metadata, the spec or the operator that holds it has changed, or an informer sends the same version again.
func ConcernsAll(before, after *unstructured.Unstructured) bool {
	return before.GetResourceVersion() == after.GetResourceVersion() ||
		!reflect.DeepEqual(metadataOf(before), metadataOf(after)) || HolderOf(before) != HolderOf(after)
}

// metadataOf returns the metadata without the fields that every change changes. With the generation, it covers the
// spec.
func metadataOf(cluster *unstructured.Unstructured) map[string]any {
	metadata, _ := cluster.Object["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	delete(metadata, "resourceVersion")
	delete(metadata, "managedFields")
	return metadata
}

// Of returns the fields of the part and its conditions by type, as a BarqCluster has them.
func (p Part) Of(cluster *unstructured.Unstructured) map[string]any {
	status, _ := cluster.Object["status"].(map[string]any)
	found := map[string]any{}
	for _, name := range p.Fields {
		found[name] = status[name]
	}
	conditions, _ := status["conditions"].([]any)
	for _, condition := range conditions {
		if name := itemKey(condition); slices.Contains(p.Conditions, name) {
			found["condition "+name] = condition
		}
	}
	return found
}

// HolderOf returns the name of the operator that holds a BarqCluster, or nothing.
func HolderOf(cluster *unstructured.Unstructured) string {
	holder, _, _ := unstructured.NestedString(cluster.Object, "status", "operator")
	return holder
}
