package rollout

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/internal/workload"
)

// member is a BarqCluster, as far as its roll-outs are concerned.
type member struct {
	name     types.NamespacedName
	deleting bool
	paused   bool
	// deadline is how long its roll-out may hold a slot.
	deadline time.Duration
	// revision is the newest of its release; nil while none is known.
	revision *revision
	// statefulSet is nil while there is none.
	statefulSet *progress
}

// revision is what the metadata of a stored revision tells.
type revision struct {
	number      int
	unrequested bool
	deployed    bool
	made        time.Time
}

// slotLimit is the longest that a roll-out holds a slot. Without it a BarqCluster whose pods can never start would keep all others
// from theirs for as long as its spec.progressDeadlineSeconds says.
const slotLimit = time.Hour

// holds tells whether the BarqCluster is in the middle of a roll-out that nobody asked
// for. One that fails, or whose pods do not answer, stays in the middle of it until its deadline.
func (m member) holds(now time.Time) bool {
	return m.inTheMiddle() && now.Sub(m.revision.made) < m.deadline
}

// stuck tells whether its deadline has ended such a roll-out's slot.
func (m member) stuck(now time.Time) bool {
	return m.inTheMiddle() && now.Sub(m.revision.made) >= m.deadline
}

func (m member) inTheMiddle() bool {
	if m.deleting || m.revision == nil || !m.revision.unrequested {
		return false
	}
	if m.statefulSet == nil {
		return true
	}
	return !m.statefulSet.hibernated && (!m.revision.deployed || !m.statefulSet.complete)
}

// progress is how far a StatefulSet has got.
type progress struct {
	// hibernated: there is no pod that a roll-out could restart.
	hibernated bool
	// complete: every pod is of the newest revision and has answered for long enough.
	complete bool
}

func progressOf(set *appsv1.StatefulSet) *progress {
	asked := ptr.Deref(set.Spec.Replicas, 0)
	return &progress{
		hibernated: asked == 0,
		complete:   workload.RolledOut(set, asked) && set.Status.AvailableReplicas == asked,
	}
}
