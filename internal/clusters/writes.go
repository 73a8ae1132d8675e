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

	lock sync.Mutex
	// progress has since when something waits to be written.
	progress map[types.NamespacedName]time.Time
}

// Window is how long what only says how far a BarqCluster has come waits to be written, together with what comes of it meanwhile.
const Window = time.Second

// Remember notes that the BarqCluster was written, and has the resourceVersion of that.
func (w *Writes) Remember(cluster client.Object) {
	name := client.ObjectKeyFromObject(cluster)
	w.versions.Wrote(name, cluster.GetResourceVersion())
	w.Settled(name)
}

// Forget is for a BarqCluster that has gone.
func (w *Writes) Forget(name types.NamespacedName) {
	w.versions.Wrote(name, "")
	w.Settled(name)
}

// AheadOf tells whether the BarqCluster is from before the last write. Of versions that cannot
// be compared nobody knows; then something may be told twice.
func (w *Writes) AheadOf(cluster client.Object) bool { return w.versions.Precedes(cluster) }

// ProgressIn is called when there is progress to write, and gives what is left of its Window, zero for nothing.
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

// Settled notes that there is nothing of the BarqCluster that waits to be written.
func (w *Writes) Settled(name types.NamespacedName) {
	w.lock.Lock()
	defer w.lock.Unlock()
	delete(w.progress, name)
}
