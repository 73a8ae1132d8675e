package volumes

import (
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
)

// refusedAgainAfter is when a refused resize is tried again: nothing tells the
// operator that a StorageClass has learned to expand, or that a quota was raised.
const refusedAgainAfter = 10 * time.Minute

// isRefusal tells whether the API server would answer the same to the same request.
func isRefusal(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err)
}

// refusal is what the API server said to the resize of one claim.
type refusal struct {
	message string
	// until is when it is asked again.
	until time.Time
	// The refusal is about the claim and the spec as they were.
	resourceVersion string
	generation      int64
}

func newRefusal(err error, claim *corev1.PersistentVolumeClaim, generation int64, now time.Time) refusal {
	return refusal{
		message:         err.Error(),
		until:           now.Add(refusedAgainAfter),
		resourceVersion: claim.ResourceVersion,
		generation:      generation,
	}
}

// stands tells whether there is nothing new to ask for.
func (r refusal) stands(claim *corev1.PersistentVolumeClaim, generation int64, now time.Time) bool {
	return now.Before(r.until) && r.resourceVersion == claim.ResourceVersion && r.generation == generation
}

// refusals remembers what the API server refused, by BarqCluster and claim. An
// operator that starts anew asks once more.
type refusals struct {
	mutex     sync.Mutex
	byCluster map[types.NamespacedName]map[types.UID]refusal
}

func (r *refusals) of(cluster types.NamespacedName) map[types.UID]refusal {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.byCluster[cluster]
}

// replace remembers the refusals of a BarqCluster in place of those before.
func (r *refusals) replace(cluster types.NamespacedName, found map[types.UID]refusal) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(found) == 0 {
		delete(r.byCluster, cluster)
		return
	}
	if r.byCluster == nil {
		r.byCluster = map[types.NamespacedName]map[types.UID]refusal{}
	}
	r.byCluster[cluster] = found
}
