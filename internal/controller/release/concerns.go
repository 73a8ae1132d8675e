package release

import (
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
	"github.com/barq-db/barq-operator/internal/helm/upgrade"
)

// concerns lets through the changes of a BarqCluster on which a reconcile of the release could depend. Most changes are
// conditions from other controllers. Several come before a database answers, and a reconcile for each would find
// nothing to do. A failure that the release controller has written itself starts no reconcile. It is retried after
// growing delays, also if it fails with another text each time.
func concerns(own *releasestatus.Written) predicate.TypedFuncs[*unstructured.Unstructured] {
	return predicate.TypedFuncs[*unstructured.Unstructured]{
		UpdateFunc: func(changed event.TypedUpdateEvent[*unstructured.Unstructured]) bool {
			before, after := changed.ObjectOld, changed.ObjectNew
			// The same version again is the informer's resync.
			return before.GetResourceVersion() == after.GetResourceVersion() ||
				!reflect.DeepEqual(metadataOf(before), metadataOf(after)) ||
				!reflect.DeepEqual(othersPartOf(before), othersPartOf(after)) ||
				!own.IsOwnFailure(after) && !reflect.DeepEqual(helmPartOf(before), helmPartOf(after))
		},
	}
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

// othersPartOf returns which operator holds the BarqCluster, and whether data is at risk, which holds rollouts back.
func othersPartOf(cluster *unstructured.Unstructured) map[string]any {
	status, _ := cluster.Object["status"].(map[string]any)
	return map[string]any{"operator": status["operator"], "data at risk": upgrade.DataAtRisk(cluster)}
}

// helmPartOf returns the release controller's part of the status. The controller reverts changes by others to it.
func helmPartOf(cluster *unstructured.Unstructured) map[string]any {
	status, _ := cluster.Object["status"].(map[string]any)
	part := map[string]any{"deployedRelease": status["deployedRelease"]}
	conditions, _ := status["conditions"].([]any)
	for _, condition := range conditions {
		condition, _ := condition.(map[string]any)
		if name, ok := condition["type"].(string); ok && slices.Contains(releasestatus.Conditions, name) {
			part["condition "+name] = condition
		}
	}
	return part
}
