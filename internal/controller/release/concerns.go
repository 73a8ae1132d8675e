package release

import (
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/barq-db/barq-operator/internal/clusters"
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
			return clusters.ConcernsAll(before, after) ||
				// Rollouts are held back while data is at risk.
				upgrade.DataAtRisk(before) != upgrade.DataAtRisk(after) ||
				// The controller reverts changes by others to its part.
				!own.IsOwnFailure(after) && !reflect.DeepEqual(clusters.ReleasePart.Of(before), clusters.ReleasePart.Of(after))
		},
	}
}
