package status

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// writes remembers which resourceVersion each BarqCluster had when its status was last
// written here, because the cache lags behind.
type writes struct {
	versions sync.Map
}

func (w *writes) remember(cluster client.Object) {
	w.versions.Store(client.ObjectKeyFromObject(cluster), cluster.GetResourceVersion())
}

func (w *writes) forget(name types.NamespacedName) { w.versions.Delete(name) }

// isAheadOf tells whether the BarqCluster is from before the last write.
func (w *writes) isAheadOf(cluster client.Object) bool {
	written, ok := w.versions.Load(client.ObjectKeyFromObject(cluster))
	if !ok {
		return false
	}
	// A version that is not a number cannot be compared; then a status may be told twice.
	order, err := resourceversion.CompareResourceVersion(cluster.GetResourceVersion(), written.(string))
	return err == nil && order < 0
}
