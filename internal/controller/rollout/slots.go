package rollout

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/internal/workload"
)

// member is a BarqCluster, as far as its rollouts are concerned.
type member struct {
	name     types.NamespacedName
	deleting bool
	paused   bool
	// deadline is how long its rollout may hold a slot.
	deadline time.Duration
	// revision is the newest of its release; nil while none is known.
	revision *revision
	// statefulSet is nil while there is none.
	statefulSet *progress
}

// revision is what the metadata of a stored revision says.
type revision struct {
	number      int
	unrequested bool
	deployed    bool
	made        time.Time
}

// slotLimit is the longest that a rollout holds a slot. Without it, pods that can never start would
// block all other rollouts for as long as their spec.progressDeadlineSeconds says.
const slotLimit = time.Hour

// holds reports whether the BarqCluster is in the middle of a rollout that the spec does not ask for.
// A rollout that fails, or whose pods do not answer, holds its slot until the deadline.
func (m member) holds(now time.Time) bool {
	return m.inTheMiddle() && now.Sub(m.revision.made) < m.deadline
}

// stuck reports whether the deadline has ended the slot of such a rollout.
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

// progress is how far the rollout of a StatefulSet is.
type progress struct {
	// hibernated: the StatefulSet has no pods to restart.
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
