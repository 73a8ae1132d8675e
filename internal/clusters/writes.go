package clusters

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Writes remembers the last write of one controller to each BarqCluster, because the cache lags
// behind. The zero value remembers none.
type Writes struct {
	versions Versions

	lock sync.Mutex
	// progress has the time since when a status waits to be written.
	progress map[types.NamespacedName]time.Time
}

// Window is how long a mere progress report waits to be written, together with the news that follows
// meanwhile.
const Window = time.Second

// Remember notes that the BarqCluster was written with its present resourceVersion.
func (w *Writes) Remember(cluster client.Object) {
	name := client.ObjectKeyFromObject(cluster)
	w.versions.Wrote(name, cluster.GetResourceVersion())
	w.Settled(name)
}

// Forget drops a BarqCluster that is gone.
func (w *Writes) Forget(name types.NamespacedName) {
	w.versions.Wrote(name, "")
	w.Settled(name)
}

// AheadOf reports whether the BarqCluster is older than the last write. For versions that cannot be
// compared it reports false, and the operator may repeat an event.
func (w *Writes) AheadOf(cluster client.Object) bool { return w.versions.Precedes(cluster) }

// ProgressIn is called when there is progress to write. It returns what is left of the Window, zero
// for nothing.
func (w *Writes) ProgressIn(cluster client.Object, now time.Time) time.Duration {
	name := client.ObjectKeyFromObject(cluster)
	w.lock.Lock()
	defer w.lock.Unlock()
	since, waits := w.progress[name]
	if !waits {
		if w.progress == nil {
			w.progress = map[types.NamespacedName]time.Time{}
		}
		since, w.progress[name] = now, now
	}
	return max(0, since.Add(Window).Sub(now))
}

// Settled notes that no status of the BarqCluster waits to be written.
func (w *Writes) Settled(name types.NamespacedName) {
	w.lock.Lock()
	defer w.lock.Unlock()
	delete(w.progress, name)
}
