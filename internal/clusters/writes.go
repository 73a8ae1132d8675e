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
	// progress has what waits to be written, and crowd how many BarqClusters wait with the same share.
	progress map[types.NamespacedName]waiting
	crowd    map[time.Duration]int
}

// Delay is how long progress waits to be written, together with what comes of it meanwhile.
type Delay struct {
	// Least is how long at least.
	Least time.Duration
	// Share is what each other BarqCluster that waits with the same share adds to it: all of them together are written no
	// more often than once in that time. The more are made at once, the longer each takes, and what is written of it
	// before the end only makes it longer.
	Share time.Duration
	// Most is how long it waits however many there are; zero for Least.
	Most time.Duration
}

// Progress is the Delay of what only says how far a BarqCluster has come.
var Progress = Delay{Least: 10 * time.Second, Share: 500 * time.Millisecond, Most: time.Minute}

// among gives the delay of one among so many, with itself, that wait with the same share.
func (d Delay) among(crowd int) time.Duration {
	return max(d.Least, min(time.Duration(crowd-1)*d.Share, d.Most))
}

// waiting is progress that waits.
type waiting struct {
	delay Delay
	since time.Time
}

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

// ProgressIn is called when there is progress to write that can wait for the delay, and gives
// what is left of that, zero for nothing. Another delay begins now.
func (w *Writes) ProgressIn(cluster client.Object, delay Delay, now time.Time) time.Duration {
	name := client.ObjectKeyFromObject(cluster)
	w.lock.Lock()
	defer w.lock.Unlock()
	progress, waits := w.progress[name]
	if !waits || progress.delay != delay {
		w.leave(name)
		progress = waiting{delay, now}
		w.join(name, progress)
	}
	return max(0, progress.since.Add(delay.among(w.crowd[delay.Share])).Sub(now))
}

// Settled notes that there is nothing of the BarqCluster that waits to be written.
func (w *Writes) Settled(name types.NamespacedName) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.leave(name)
}

func (w *Writes) join(name types.NamespacedName, progress waiting) {
	if w.progress == nil {
		w.progress, w.crowd = map[types.NamespacedName]waiting{}, map[time.Duration]int{}
	}
	w.progress[name] = progress
	w.crowd[progress.delay.Share]++
}

func (w *Writes) leave(name types.NamespacedName) {
	progress, waits := w.progress[name]
	if !waits {
		return
	}
	delete(w.progress, name)
	share := progress.delay.Share
	if w.crowd[share]--; w.crowd[share] == 0 {
		delete(w.crowd, share)
	}
}
