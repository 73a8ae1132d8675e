package release

import (
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
	"github.com/barq-db/barq-operator/internal/helm/session"
)

// concerns passes on the changes of a BarqCluster on which a Helm pass could depend. Most changes are of what the other
// controllers say in the status: several on the way to a database that answers, and a pass for each would find nothing to do.
// A failure that the Helm side has written itself is no reason for a pass: what has failed is tried again after growing delays, also
// if it fails with another text each time.
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

// metadataOf gives the metadata, and with its generation the spec, without what every change changes.
func metadataOf(cluster *unstructured.Unstructured) map[string]any {
	metadata, _ := cluster.Object["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	delete(metadata, "resourceVersion")
	delete(metadata, "managedFields")
	return metadata
}

// othersPartOf gives whose the BarqCluster is, and whether data is at risk, which holds roll-outs back.
func othersPartOf(cluster *unstructured.Unstructured) map[string]any {
	status, _ := cluster.Object["status"].(map[string]any)
	return map[string]any{"operator": status["operator"], "data at risk": session.DataAtRisk(cluster)}
}

// helmPartOf gives what the Helm side writes into the status, which it puts right if it is changed.
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
