package release

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// pausedUnlessDeleted pauses a BarqCluster while spec.paused is true, unless it is being deleted. The library also asks
// before it handles a deletion, and the BarqCluster would hang in Terminating.
func pausedUnlessDeleted(_ context.Context, cluster *unstructured.Unstructured) (bool, error) {
	if cluster.GetDeletionTimestamp() != nil {
		return false, nil
	}
	paused, _, err := unstructured.NestedBool(cluster.Object, "spec", "paused")
	return paused, err
}
