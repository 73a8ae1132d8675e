package records

import (
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/utils/clock"
)

// writesAwaited is how long a cache may need to show a write. After that the cache is believed: another writer has
// undone the write.
const writesAwaited = 30 * time.Second

// Writes remembers what a reconcile wrote until the cache shows it. The next reconcile often begins before that, and
// must not take a release that was just created for a missing one.
type Writes struct {
	clock clock.PassiveClock
	lock  sync.Mutex
	known map[types.UID]awaitedWrites
}

type awaitedWrites struct {
	versions map[string]string
	since    time.Time
}

// NewWrites returns an empty Writes.
func NewWrites(now clock.PassiveClock) *Writes {
	return &Writes{clock: now, known: map[types.UID]awaitedWrites{}}
}

// Note remembers the writes of a reconcile.
func (w *Writes) Note(cluster types.UID, versions map[string]string) {
	if len(versions) == 0 {
		return
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	all := maps.Clone(versions)
	for name, version := range w.known[cluster].versions {
		if _, again := all[name]; !again {
			all[name] = version
		}
	}
	w.known[cluster] = awaitedWrites{versions: all, since: w.clock.Now()}
}

// Onto returns the versions that the cache will have once it has seen all writes.
func (w *Writes) Onto(cluster types.UID, cached Versions) Versions {
	w.lock.Lock()
	defer w.lock.Unlock()
	awaited, ok := w.known[cluster]
	if !ok {
		return cached
	}
	maps.DeleteFunc(awaited.versions, func(name, version string) bool { return shows(cached[name], version) })
	if len(awaited.versions) == 0 || w.clock.Since(awaited.since) > writesAwaited {
		delete(w.known, cluster)
		return cached
	}
	return cached.With(awaited.versions)
}

// Forget removes what is remembered of a BarqCluster that is deleted.
func (w *Writes) Forget(cluster types.UID) {
	w.lock.Lock()
	defer w.lock.Unlock()
	delete(w.known, cluster)
}

// shows reports whether a cache with the first version has seen the write that resulted in the second. An empty version
// means that the Secret does not exist.
func shows(cached, written string) bool {
	if cached == "" || written == "" {
		return cached == written
	}
	order, err := resourceversion.CompareResourceVersion(cached, written)
	// If the versions cannot be compared, the cache is believed, because it is right in the end.
	return err != nil || order >= 0
}
