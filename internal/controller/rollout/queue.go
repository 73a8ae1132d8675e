package rollout

import (
	"context"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/signing"
)

// cachesCatchUp is the time after which the caches have what was written.
const cachesCatchUp = time.Minute

// Queue decides which BarqCluster may begin a rollout that the spec does not ask for. The reconcile of
// a release calls Begin, Resume, Made and Leave, and there is one at a time for each BarqCluster.
// Calls for different BarqClusters may be concurrent.
type Queue struct {
	// Limit is how many BarqClusters roll out at a time; with 0 no rollout begins.
	Limit int
	// Objects reads BarqClusters and StatefulSets from a cache.
	Objects client.Reader
	// Secrets reads the metadata of Secrets from a cache.
	Secrets client.Reader
	// Key verifies which revisions the operator has stored.
	Key *signing.Key
	// Live reads from the API server itself.
	Live client.Reader
	// Clock measures how long BarqClusters wait and roll out.
	Clock clock.PassiveClock

	lock   sync.Mutex
	seeded bool
	line   line
	// grants are slots that the caches may not show yet.
	grants map[types.UID]grant
	// held are the BarqClusters whose rollouts wait because data is at risk.
	held map[types.UID]types.NamespacedName
	// slow is the text about slow rollouts in the latest messages of those that wait.
	slow string

	releases, statuses, turns wakes
}

// grant is a slot that this process has given.
type grant struct {
	name  types.NamespacedName
	since time.Time
	// revision is the revision that was stored with the slot; zero while there is none.
	revision int
}

// Releases is a source that enqueues a BarqCluster whose turn it is.
func (q *Queue) Releases() source.Source { return q.releases.source() }

// Statuses is a source that enqueues a BarqCluster for which Waiting returns a new text.
func (q *Queue) Statuses() source.Source { return q.statuses.source() }

// Begin asks for a slot for a rollout that the spec does not ask for. Without a free slot the
// BarqCluster waits, and is enqueued when its turn comes. change says what the rollout is for.
func (q *Queue) Begin(ctx context.Context, cluster client.Object, change string) (bool, error) {
	q.lock.Lock()
	defer q.lock.Unlock()
	members, err := q.observe(ctx)
	if err != nil {
		return false, err
	}
	now, id := q.Clock.Now(), cluster.GetUID()
	holders := q.holders(members)
	if _, ok := holders[id]; ok {
		// A rollout in progress goes on, or a repaired template would never reach it.
		q.grant(cluster)
		return true, nil
	}
	waiting, known := q.line[id]
	if !known {
		waiting = &place{cluster: id, name: client.ObjectKeyFromObject(cluster), since: now, ahead: unplaced}
		q.line[id] = waiting
	}
	news := !known || waiting.change != change
	waiting.offered, waiting.change = time.Time{}, change
	first := q.line.inOrder(members, now)
	if slices.Contains(first[:min(q.free(holders), len(first))], waiting) {
		if !known {
			delete(q.line, id)
		}
		q.grant(cluster)
		return true, nil
	}
	q.tell(q.line.place(first)...)
	if news {
		q.tell(waiting)
	}
	return false, nil
}

// tell enqueues BarqClusters whose status has to be written again.
func (q *Queue) tell(places ...*place) {
	for _, one := range places {
		q.statuses.wake(ctrl.Request{NamespacedName: one.name})
	}
}

// Resume takes a slot without asking, for a rollout that has begun and cannot be held back.
func (q *Queue) Resume(cluster client.Object) {
	q.lock.Lock()
	defer q.lock.Unlock()
	q.grant(cluster)
}

// Hold notes a rollout that waits because data would be lost with the pods. The BarqCluster neither
// has a slot nor waits for one. Leave ends it.
func (q *Queue) Hold(cluster client.Object) {
	q.lock.Lock()
	defer q.lock.Unlock()
	_ = q.seed(context.Background())
	if _, known := q.held[cluster.GetUID()]; known {
		return
	}
	q.leave(cluster.GetUID())
	if q.held == nil {
		q.held = map[types.UID]types.NamespacedName{}
	}
	q.held[cluster.GetUID()] = client.ObjectKeyFromObject(cluster)
	q.statuses.wake(ctrl.Request{NamespacedName: client.ObjectKeyFromObject(cluster)})
}

// grant gives a slot.
func (q *Queue) grant(cluster client.Object) {
	if q.grants == nil {
		q.grants = map[types.UID]grant{}
	}
	q.grants[cluster.GetUID()] = grant{name: client.ObjectKeyFromObject(cluster), since: q.Clock.Now()}
	q.leave(cluster.GetUID())
	q.turns.wake(turn)
}

// Made notes which revision was stored with the slot.
func (q *Queue) Made(cluster client.Object, revision int) {
	q.lock.Lock()
	defer q.lock.Unlock()
	if q.grants == nil {
		q.grants = map[types.UID]grant{}
	}
	given, ok := q.grants[cluster.GetUID()]
	if !ok {
		given = grant{name: client.ObjectKeyFromObject(cluster), since: q.Clock.Now()}
	}
	given.revision = revision
	q.grants[cluster.GetUID()] = given
	// The caches may have shown the finished rollout before this call.
	q.turns.wake(turn)
}

// Leave takes a BarqCluster without a queued rollout out of the line.
func (q *Queue) Leave(cluster types.UID) {
	q.lock.Lock()
	defer q.lock.Unlock()
	// The wait in its stored status is out of date by now.
	_ = q.seed(context.Background())
	if given, ok := q.grants[cluster]; ok && given.revision == 0 {
		delete(q.grants, cluster)
		q.turns.wake(turn)
	}
	q.leave(cluster)
}

func (q *Queue) leave(cluster types.UID) {
	if name, held := q.held[cluster]; held {
		delete(q.held, cluster)
		q.statuses.wake(ctrl.Request{NamespacedName: name})
	}
	if left, ok := q.line[cluster]; ok {
		delete(q.line, cluster)
		q.statuses.wake(ctrl.Request{NamespacedName: left.name})
		q.turns.wake(turn)
	}
}

// Waiting says what the rollout of a BarqCluster waits for; empty if none does.
func (q *Queue) Waiting(cluster types.UID) string {
	q.lock.Lock()
	defer q.lock.Unlock()
	// Until its first reconcile a BarqCluster waits as its status says. Otherwise a restart of the
	// operator would end and begin every wait. A cache that cannot be read fails that reconcile too.
	_ = q.seed(context.Background())
	if _, held := q.held[cluster]; held {
		return heldMessage
	}
	waiting, ok := q.line[cluster]
	if !ok {
		return ""
	}
	return message(q.Limit, waiting.change, waiting.ahead, q.slow)
}

// observe reads the caches. The first call also reads which BarqClusters waited under a former
// process.
func (q *Queue) observe(ctx context.Context) (map[types.UID]member, error) {
	if err := q.seed(ctx); err != nil {
		return nil, err
	}
	return observe(ctx, q.Objects, q.Secrets, q.Key)
}

// seed takes the line from the stored statuses, so that a long wait does not begin anew.
func (q *Queue) seed(ctx context.Context) error {
	if q.seeded {
		return nil
	}
	list, err := listed(ctx, q.Objects)
	if err != nil {
		return err
	}
	q.line = line{}
	for i := range list {
		cluster, err := v1alpha1.FromUnstructured(&list[i])
		if err != nil {
			// A BarqCluster that this operator cannot read fails in its own reconcile.
			continue
		}
		pending := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionChangesPending)
		if pending != nil && pending.Status == metav1.ConditionTrue && pending.Reason == v1alpha1.ReasonRolloutQueued {
			q.line[cluster.UID] = &place{
				cluster: cluster.UID, name: client.ObjectKeyFromObject(cluster), since: pending.LastTransitionTime.Time, ahead: unplaced,
			}
		}
	}
	q.seeded = true
	return nil
}

// holders returns the BarqClusters with a slot, according to the caches or to a recent grant.
func (q *Queue) holders(members map[types.UID]member) map[types.UID]holder {
	found, now := map[types.UID]holder{}, q.Clock.Now()
	for cluster, given := range q.grants {
		if m, ok := members[cluster]; ok && !m.deleting && now.Sub(given.since) < m.deadline {
			found[cluster] = holder{name: given.name, since: given.since, until: given.since.Add(m.deadline)}
		}
	}
	for cluster, m := range members {
		if m.holds(now) {
			found[cluster] = holder{name: m.name, since: m.revision.made, until: m.revision.made.Add(m.deadline)}
		}
	}
	return found
}

// free returns the number of free slots.
func (q *Queue) free(holders map[types.UID]holder) int { return max(0, q.Limit-len(holders)) }
