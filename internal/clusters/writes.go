package clusters

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Writes remembers for each BarqCluster the last write of one of its controllers, because
// the cache lags behind. The zero value remembers none.
type Writes struct {
	versions Versions
	// progress has what waits to be written.
	progress sync.Map
}

// waiting is progress that waits for a time.
type waiting struct {
	delay time.Duration
	since time.Time
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

// ProgressIn is called when there is progress to write that can wait for the delay, and gives
// what is left of that, zero for nothing. Another delay begins now.
func (w *Writes) ProgressIn(cluster client.Object, delay time.Duration, now time.Time) time.Duration {
	name := client.ObjectKeyFromObject(cluster)
	found, _ := w.progress.LoadOrStore(name, waiting{delay, now})
	progress := found.(waiting)
	if progress.delay != delay {
		progress = waiting{delay, now}
		w.progress.Store(name, progress)
	}
	return max(0, progress.since.Add(delay).Sub(now))
}
