package rollout

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/requeue"
)

// turn is the only request of the controller: whichever rollout ends, the next in the line is the
// same.
var turn = ctrl.Request{NamespacedName: types.NamespacedName{Name: "next"}}

// +kubebuilder:rbac:groups=barq.db,resources=barqclusters,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch

// SetupWithManager registers the controller that frees slots and offers them to the next in the line.
// secrets is the cache behind Secrets.
func (q *Queue) SetupWithManager(mgr ctrl.Manager, secrets cache.Cache) error {
	revision := &metav1.PartialObjectMetadata{}
	revision.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	err := ctrl.NewControllerManagedBy(mgr).
		Named("barqcluster-rollouts").
		Watches(&appsv1.StatefulSet{}, handler.EnqueueRequestsFromMapFunc(toTurn[client.Object])).
		WatchesRawSource(source.Kind(secrets, revision,
			handler.TypedEnqueueRequestsFromMapFunc(toTurn[*metav1.PartialObjectMetadata]),
			predicate.NewTypedPredicateFuncs(func(secret *metav1.PartialObjectMetadata) bool { return secret.Labels[labels.Rollout] != "" }))).
		WatchesRawSource(q.turns.source()).
		Complete(q)
	if err != nil {
		return fmt.Errorf("setting up the rollout controller: %w", err)
	}
	return nil
}

func toTurn[object client.Object](context.Context, object) []ctrl.Request {
	return []ctrl.Request{turn}
}

// Reconcile frees the slots of rollouts that are done, and offers free slots to those that have waited
// longest. It only asks the API server whether a rollout that seems done is done.
func (q *Queue) Reconcile(ctx context.Context, _ ctrl.Request) (ctrl.Result, error) {
	seemDone, err := q.seemDone(ctx)
	if err != nil {
		return ctrl.Result{}, err
	}
	var done []types.UID
	for cluster, given := range seemDone {
		statefulSet := &appsv1.StatefulSet{}
		if err := q.Live.Get(ctx, given.name, statefulSet); err != nil {
			if client.IgnoreNotFound(err) == nil {
				continue
			}
			return ctrl.Result{}, fmt.Errorf("asking whether the rollout of %s is done: %w", given.name, err)
		}
		if now := progressOf(statefulSet); now.hibernated || now.complete {
			done = append(done, cluster)
		}
	}
	left, err := q.next(ctx, done, seemDone)
	return ctrl.Result{RequeueAfter: left}, err
}

// seemDone drops the grants that are void, and returns those that are done according to the caches.
// The caches may hold the StatefulSet from before the rollout.
func (q *Queue) seemDone(ctx context.Context) (map[types.UID]grant, error) {
	q.lock.Lock()
	defer q.lock.Unlock()
	if len(q.grants) == 0 {
		return nil, nil
	}
	members, err := q.observe(ctx)
	if err != nil {
		return nil, err
	}
	found := map[types.UID]grant{}
	for cluster, given := range q.grants {
		m, ok := members[cluster]
		switch {
		case given.void(m, ok, q.Clock.Now()):
			delete(q.grants, cluster)
		case given.isKnownTo(m, q.Clock.Now()) && !m.holds(q.Clock.Now()):
			found[cluster] = given
		}
	}
	return found, nil
}

// void reports whether the grant is useless: no rollout follows it, or a change of the spec has
// replaced that rollout.
func (g grant) void(m member, exists bool, now time.Time) bool {
	switch {
	case !exists || m.deleting || now.Sub(g.since) >= m.deadline:
		return true
	case g.revision == 0:
		return now.Sub(g.since) >= cachesCatchUp
	default:
		return m.revision != nil && m.revision.number > g.revision && !m.revision.unrequested
	}
}

// isKnownTo reports whether the caches have the revision that was stored with the grant.
func (g grant) isKnownTo(m member, now time.Time) bool {
	if g.revision == 0 {
		return false
	}
	// A stored revision that a person deleted never reaches the caches.
	return m.revision != nil && m.revision.number >= g.revision || now.Sub(g.since) >= cachesCatchUp
}

// next frees the slots that are done and offers free ones. It returns how soon time alone requires the
// next reconcile.
func (q *Queue) next(ctx context.Context, done []types.UID, seen map[types.UID]grant) (time.Duration, error) {
	q.lock.Lock()
	defer q.lock.Unlock()
	for _, cluster := range done {
		if q.grants[cluster] == seen[cluster] {
			delete(q.grants, cluster)
		}
	}
	if err := q.seed(ctx); err != nil {
		return 0, err
	}
	var left time.Duration
	if len(q.grants) > 0 {
		left = cachesCatchUp
	}
	if len(q.line) == 0 {
		return left, nil
	}
	members, err := q.observe(ctx)
	if err != nil {
		return 0, err
	}
	now := q.Clock.Now()
	for cluster := range q.line {
		if m, ok := members[cluster]; !ok || m.deleting {
			delete(q.line, cluster)
		}
	}
	holders := q.holders(members)
	order := q.line.inOrder(members, now)
	q.tell(q.line.place(order)...)
	for _, place := range order[:min(q.free(holders), len(order))] {
		if place.offered.IsZero() {
			place.offered = now
			q.releases.wake(ctrl.Request{NamespacedName: place.name})
		}
		if !place.lapsed(now) {
			left = requeue.Sooner(left, answerWithin-now.Sub(place.offered))
		}
	}
	slow, until := slowest(holders, now)
	if slow != q.slow {
		q.slow = slow
		for _, place := range q.line {
			q.statuses.wake(ctrl.Request{NamespacedName: place.name})
		}
	}
	return requeue.Sooner(left, until), nil
}
