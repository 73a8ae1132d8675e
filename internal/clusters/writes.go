package clusters

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// progressDelay is how long what is only progress waits to be written, together with what
// comes of it meanwhile. A start goes through half a dozen states in a few seconds, and
// nobody can follow them; each write costs a request and wakes every controller.
const progressDelay = 5 * time.Second

// Writes remembers for each BarqCluster the last write of one of its controllers, because
// the cache lags behind. The zero value remembers none.
type Writes struct {
	versions Versions
	// progress has the times since which something waits to be written.
	progress sync.Map
}

// Remember notes that the BarqCluster was written, and has the resourceVersion of that.
func (w *Writes) Remember(cluster client.Object) {
	name := client.ObjectKeyFromObject(cluster)
	w.versions.Wrote(name, cluster.GetResourceVersion())
	w.progress.Delete(name)
}

// Forget is for a BarqCluster that has gone.
func (w *Writes) Forget(name types.NamespacedName) {
	w.versions.Wrote(name, "")
	w.progress.Delete(name)
}

// AheadOf tells whether the BarqCluster is from before the last write. Of versions that cannot
// be compared nobody knows; then something may be told twice.
func (w *Writes) AheadOf(cluster client.Object) bool { return w.versions.Precedes(cluster) }

// ProgressIn is called when there is progress to write, and gives the time for which that
// waits, zero for no longer.
func (w *Writes) ProgressIn(cluster client.Object, now time.Time) time.Duration {
	since, _ := w.progress.LoadOrStore(client.ObjectKeyFromObject(cluster), now)
	return max(0, since.(time.Time).Add(progressDelay).Sub(now))
}
