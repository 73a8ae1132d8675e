package rejection

import (
	"crypto/sha256"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
)

// Cache remembers, for each BarqCluster, what the API server has refused. A reconcile with the same inputs over the
// same objects gets the same answer without a request, until it is time to try again. There is such a time because the
// operator does not watch all that the API server decides by, such as admission policies and quotas.
type Cache struct {
	clock clock.PassiveClock
	lock  sync.Mutex
	known map[types.UID]Rejection
}

// Rejection has what a refusal depends on, and its error.
type Rejection struct {
	// Inputs is a digest of what the manifest was rendered from.
	Inputs [sha256.Size]byte
	// Objects says which objects existed, and in which versions.
	Objects string
	Err     error
	when    time.Time
	// tries is how often the API server has refused the same.
	tries int
}

// left returns how long it is until the next try.
func (r Rejection) left(now time.Time) time.Duration {
	return r.when.Add(kubeclient.DelayOf(r.tries)).Sub(now)
}

// NewCache returns an empty cache.
func NewCache(now clock.PassiveClock) *Cache {
	return &Cache{clock: now, known: map[types.UID]Rejection{}}
}

// Find returns the refusal of an attempt with the same inputs, and how long it still holds. It finds nothing once it is
// time to try again.
func (r *Cache) Find(cluster types.UID, inputs [sha256.Size]byte) (Rejection, time.Duration, bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	refused, ok := r.known[cluster]
	left := refused.left(r.clock.Now())
	return refused, left, ok && refused.Inputs == inputs && left > 0
}

// Put notes a refusal, and returns how long to wait before the next try.
func (r *Cache) Put(cluster types.UID, refused Rejection) time.Duration {
	r.lock.Lock()
	defer r.lock.Unlock()
	refused.when, refused.tries = r.clock.Now(), 1
	if before := r.known[cluster]; before.Inputs == refused.Inputs && before.Objects == refused.Objects {
		refused.tries += before.tries
	}
	r.known[cluster] = refused
	return refused.left(refused.when)
}

// Delete forgets the refusal of a BarqCluster.
func (r *Cache) Delete(cluster types.UID) {
	r.lock.Lock()
	defer r.lock.Unlock()
	delete(r.known, cluster)
}
