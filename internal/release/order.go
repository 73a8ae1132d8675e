package release

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/internal/clusters"
)

// The order in which BarqClusters wait for a Helm pass. When the operator starts, all that there are come with a priority
// below that of new ones, because most of them need nothing.
const (
	// editPriority is above that of everything else.
	editPriority = 10
	// newPriority is that of a BarqCluster that was just made.
	newPriority = 0
)

// patience is the longest that all the steps of one pass wait for edits of other BarqClusters.
const patience = time.Second

// order decides whose turn it is. Somebody waits for the edit or the deletion of a database that works, and a thousand new
// ones may be in the line, or a thousand that are only looked at again after a start. So
//
//   - edits and deletions go before all others (source),
//   - newcomers, the BarqClusters that have no release yet, take half of the workers at most (line): they are as quick so where
//     processors are few, and an edit finds a worker,
//   - and what is being installed waits while an edit is worked on (manners): the processor and the API server are shared.
type order struct {
	// most is how many newcomers are worked on at once.
	most int

	lock sync.Mutex
	// newcomers are those that the cache has.
	newcomers map[ctrl.Request]struct{}
	// taken are the newcomers that are worked on, or are to be as soon as a worker takes them.
	taken map[ctrl.Request]struct{}
	// aside are the priorities of those that wait until another one is done, and turns is their order.
	aside map[ctrl.Request]int
	turns []ctrl.Request
	// urgent are the edits and deletions that are worked on; calm is closed when there is none any more.
	urgent map[ctrl.Request]struct{}
	calm   chan struct{}
}

// newOrder makes the order for a number of workers.
func newOrder(workers int) *order {
	return &order{
		most:      max(1, workers/2),
		newcomers: map[ctrl.Request]struct{}{},
		taken:     map[ctrl.Request]struct{}{},
		aside:     map[ctrl.Request]int{},
		urgent:    map[ctrl.Request]struct{}{},
	}
}

// source puts BarqClusters whose spec was edited, or which are being deleted, before all others. An operator that is
// killed again and again would otherwise look at the same ones each time and never come to the others.
func (o *order) source(objects cache.Cache) source.Source {
	return source.Kind(objects, clusters.Object(), handler.TypedFuncs[*unstructured.Unstructured, ctrl.Request]{
		CreateFunc: func(_ context.Context, found event.TypedCreateEvent[*unstructured.Unstructured], queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			o.saw(found.Object)
			if priority, waits := priorityAtStart(found.Object); found.IsInInitialList && waits {
				enqueue(queue, requestFor(found.Object), priority)
			}
		},
		UpdateFunc: func(_ context.Context, changed event.TypedUpdateEvent[*unstructured.Unstructured], queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			o.saw(changed.ObjectNew)
			if changed.ObjectOld.GetGeneration() != changed.ObjectNew.GetGeneration() {
				enqueue(queue, requestFor(changed.ObjectNew), editPriority)
			}
		},
		DeleteFunc: func(_ context.Context, gone event.TypedDeleteEvent[*unstructured.Unstructured], _ workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			o.lock.Lock()
			defer o.lock.Unlock()
			delete(o.newcomers, requestFor(gone.Object))
		},
	})
}

// saw notes whether a BarqCluster is a newcomer. One that is being deleted is none: its release, if there is one, only goes.
func (o *order) saw(cluster *unstructured.Unstructured) {
	_, released, _ := unstructured.NestedFieldNoCopy(cluster.Object, "status", "deployedRelease")
	o.lock.Lock()
	defer o.lock.Unlock()
	if released || cluster.GetDeletionTimestamp() != nil {
		delete(o.newcomers, requestFor(cluster))
	} else {
		o.newcomers[requestFor(cluster)] = struct{}{}
	}
}

// priorityAtStart is that of a BarqCluster on which the last operator has left something to do.
func priorityAtStart(cluster *unstructured.Unstructured) (priority int, waits bool) {
	if cluster.GetDeletionTimestamp() != nil {
		return editPriority, true
	}
	asked, err := requestOf(cluster)
	if err != nil || asked.applied == asked.generation {
		return 0, false
	}
	if status, err := helmStatusOf(cluster); err == nil && status.DeployedRelease != nil {
		return editPriority, true
	}
	return newPriority, true
}

func requestFor(cluster client.Object) ctrl.Request {
	return ctrl.Request{NamespacedName: client.ObjectKeyFromObject(cluster)}
}

func enqueue(queue workqueue.TypedRateLimitingInterface[ctrl.Request], request ctrl.Request, priority int) {
	if ordered, ok := queue.(priorityqueue.PriorityQueue[ctrl.Request]); ok {
		ordered.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, request)
	}
}

// manners are those of a pass over a newcomer.
type manners struct {
	order *order

	lock     sync.Mutex
	patience time.Duration
}

func (o *order) manners() *manners { return &manners{order: o, patience: patience} }

// giveWay waits until no edit is worked on, as long as the pass has patience. Nil does not wait.
func (m *manners) giveWay(ctx context.Context) {
	if m == nil {
		return
	}
	calm := m.order.calmness()
	if calm == nil {
		return
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	began := time.Now()
	timer := time.NewTimer(m.patience)
	defer timer.Stop()
	select {
	case <-calm:
	case <-timer.C:
	case <-ctx.Done():
	}
	m.patience -= time.Since(began)
}

// calmness is closed when no edit is worked on any more; nil if none is.
func (o *order) calmness() <-chan struct{} {
	o.lock.Lock()
	defer o.lock.Unlock()
	return o.calm
}

// admits tells whether a pass begins now. If not, its BarqCluster waits aside until another newcomer is done.
func (o *order) admits(request ctrl.Request, priority int) bool {
	o.lock.Lock()
	defer o.lock.Unlock()
	if _, promised := o.taken[request]; promised {
		return true
	}
	if _, isNew := o.newcomers[request]; !isNew {
		delete(o.aside, request)
		if priority >= editPriority {
			o.urge(request)
		}
		return true
	}
	if len(o.taken) < o.most {
		delete(o.aside, request)
		o.taken[request] = struct{}{}
		return true
	}
	before, waits := o.aside[request]
	if !waits {
		before = priority
		o.turns = append(o.turns, request)
	}
	o.aside[request] = max(before, priority)
	return false
}

func (o *order) urge(request ctrl.Request) {
	if len(o.urgent) == 0 {
		o.calm = make(chan struct{})
	}
	o.urgent[request] = struct{}{}
}

// done is called after a pass. If another BarqCluster can take its place, it gives that one and its priority.
func (o *order) done(request ctrl.Request) (next ctrl.Request, priority int, follows bool) {
	o.lock.Lock()
	defer o.lock.Unlock()
	if _, was := o.urgent[request]; was {
		delete(o.urgent, request)
		if len(o.urgent) == 0 {
			close(o.calm)
			o.calm = nil
		}
	}
	delete(o.taken, request)
	for len(o.turns) > 0 && len(o.taken) < o.most {
		next, o.turns = o.turns[0], o.turns[1:]
		if priority, follows = o.aside[next]; follows {
			delete(o.aside, next)
			o.taken[next] = struct{}{}
			return next, priority, true
		}
	}
	return ctrl.Request{}, 0, false
}

// waiting is how many wait aside.
func (o *order) waiting() int {
	o.lock.Lock()
	defer o.lock.Unlock()
	return len(o.aside)
}

// line is the queue of a controller that works in an order.
type line struct {
	priorityqueue.PriorityQueue[ctrl.Request]
	order *order
}

// Get gives the next one whose turn it is.
func (l *line) Get() (ctrl.Request, bool) {
	request, _, shutdown := l.GetWithPriority()
	return request, shutdown
}

// GetWithPriority does the same, and tells its priority.
func (l *line) GetWithPriority() (ctrl.Request, int, bool) {
	for {
		request, priority, shutdown := l.PriorityQueue.GetWithPriority()
		if shutdown || l.order.admits(request, priority) {
			return request, priority, shutdown
		}
		l.PriorityQueue.Done(request)
	}
}

// Done ends a pass.
func (l *line) Done(request ctrl.Request) {
	// As soon as the queue knows, another worker may have the same one again.
	if next, priority, follows := l.order.done(request); follows {
		enqueue(l.PriorityQueue, next, priority)
	}
	l.PriorityQueue.Done(request)
}

// Len counts those that wait aside too.
func (l *line) Len() int { return l.PriorityQueue.Len() + l.order.waiting() }
