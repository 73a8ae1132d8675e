package clusters

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// progressInterval is the least time between two writes of which the second only tells of
// progress. A start goes through half a dozen states in a second or two, and nobody can
// follow them; each write costs a request and wakes every controller.
const progressInterval = 2 * time.Second

// Writes remembers for each BarqCluster the last write of one of its controllers, because
// the cache lags behind. The zero value remembers none.
type Writes struct {
	known sync.Map
}

type write struct {
	version string
	at      time.Time
}

// Remember notes that the BarqCluster was written, and has the resourceVersion of that.
func (w *Writes) Remember(cluster client.Object, now time.Time) {
	w.known.Store(client.ObjectKeyFromObject(cluster), write{version: cluster.GetResourceVersion(), at: now})
}

// Forget is for a BarqCluster that has gone.
func (w *Writes) Forget(name types.NamespacedName) { w.known.Delete(name) }

// AheadOf tells whether the BarqCluster is from before the last write.
func (w *Writes) AheadOf(cluster client.Object) bool {
	last, ok := w.last(cluster)
	if !ok {
		return false
	}
	// A version that is not a number cannot be compared; then something may be told twice.
	order, err := resourceversion.CompareResourceVersion(cluster.GetResourceVersion(), last.version)
	return err == nil && order < 0
}

// ProgressIn is the time after which progress may be written, zero for now.
func (w *Writes) ProgressIn(cluster client.Object, now time.Time) time.Duration {
	last, ok := w.last(cluster)
	if !ok {
		return 0
	}
	return max(0, last.at.Add(progressInterval).Sub(now))
}

func (w *Writes) last(cluster client.Object) (write, bool) {
	last, ok := w.known.Load(client.ObjectKeyFromObject(cluster))
	if !ok {
		return write{}, false
	}
	return last.(write), true
}
