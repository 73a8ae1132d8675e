package clusters

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// progressDelay is how long what is only progress waits to be written, together with what
// comes of it meanwhile. A start goes through half a dozen states in a second or two, and
// nobody can follow them; each write costs a request and wakes every controller.
const progressDelay = 2 * time.Second

// Writes remembers for each BarqCluster the last write of one of its controllers, because
// the cache lags behind. The zero value remembers none.
type Writes struct {
	versions sync.Map
	// progress has the times since which something waits to be written.
	progress sync.Map
}

// Remember notes that the BarqCluster was written, and has the resourceVersion of that.
func (w *Writes) Remember(cluster client.Object) {
	name := client.ObjectKeyFromObject(cluster)
	w.versions.Store(name, cluster.GetResourceVersion())
	w.progress.Delete(name)
}

// Forget is for a BarqCluster that has gone.
func (w *Writes) Forget(name types.NamespacedName) {
	w.versions.Delete(name)
	w.progress.Delete(name)
}

// AheadOf tells whether the BarqCluster is from before the last write.
func (w *Writes) AheadOf(cluster client.Object) bool {
	written, ok := w.versions.Load(client.ObjectKeyFromObject(cluster))
	if !ok {
		return false
	}
	// A version that is not a number cannot be compared; then something may be told twice.
	order, err := resourceversion.CompareResourceVersion(cluster.GetResourceVersion(), written.(string))
	return err == nil && order < 0
}

// ProgressIn is called when there is progress to write, and gives the time for which that
// waits, zero for no longer.
func (w *Writes) ProgressIn(cluster client.Object, now time.Time) time.Duration {
	since, _ := w.progress.LoadOrStore(client.ObjectKeyFromObject(cluster), now)
	return max(0, since.(time.Time).Add(progressDelay).Sub(now))
}
