package pvcs

import (
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
)

// RefusedAgainAfter is when a refused request is tried again. No event tells the operator that a
// StorageClass now allows expansion, or that a quota was raised.
const RefusedAgainAfter = 10 * time.Minute

// IsRefusal reports whether the API server would repeat the answer to the same request.
func IsRefusal(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err)
}

// Refusal is the API server's refusal of a request about one PVC.
type Refusal struct {
	Message string
	// Until is when the operator asks again.
	Until time.Time
	// resourceVersion and generation identify the PVC and the spec that the refusal is about.
	resourceVersion string
	generation      int64
}

// NewRefusal returns the refusal of a request about a PVC, in a generation of the spec.
func NewRefusal(err error, pvc *corev1.PersistentVolumeClaim, generation int64, now time.Time) Refusal {
	return Refusal{
		Message:         err.Error(),
		Until:           now.Add(RefusedAgainAfter),
		resourceVersion: pvc.ResourceVersion,
		generation:      generation,
	}
}

// Stands reports whether the refusal still holds, so that the operator need not ask.
func (r Refusal) Stands(pvc *corev1.PersistentVolumeClaim, generation int64, now time.Time) bool {
	return now.Before(r.Until) && r.resourceVersion == pvc.ResourceVersion && r.generation == generation
}

// Refusals remembers what the API server refused, by BarqCluster and PVC. A restarted operator asks
// once more. The zero value remembers none.
type Refusals struct {
	mutex     sync.Mutex
	byCluster map[types.NamespacedName]map[types.UID]Refusal
}

// Of returns the refusals of a BarqCluster by PVC.
func (r *Refusals) Of(cluster types.NamespacedName) map[types.UID]Refusal {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.byCluster[cluster]
}

// Replace replaces the refusals of a BarqCluster.
func (r *Refusals) Replace(cluster types.NamespacedName, found map[types.UID]Refusal) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(found) == 0 {
		delete(r.byCluster, cluster)
		return
	}
	if r.byCluster == nil {
		r.byCluster = map[types.NamespacedName]map[types.UID]Refusal{}
	}
	r.byCluster[cluster] = found
}
