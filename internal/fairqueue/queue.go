package fairqueue

import (
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Turns decides which request of one controller is processed next. Use it for one queue only.
type Turns struct{ storage *storage }

// New returns the turns of a controller with a number of workers.
func New(workers int) *Turns {
	return &Turns{newStorage(max(1, workers/2))}
}

// Options returns the options of a controller with a number of workers, whose queue has turns of its own.
func Options(workers int) controller.Options {
	return controller.Options{MaxConcurrentReconciles: workers, NewQueue: New(workers).NewQueue}
}

// NewQueue returns the queue, for controller.Options.
func (t *Turns) NewQueue(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	return &queue{
		TypedRateLimitingInterface: workqueue.NewTypedRateLimitingQueueWithConfig(limiter, workqueue.TypedRateLimitingQueueConfig[reconcile.Request]{
			DelayingQueue: workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[reconcile.Request]{
				Name:  name,
				Queue: workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[reconcile.Request]{Name: name, Queue: t.storage}),
			}),
		}),
		storage: t.storage,
	}
}

// AddUrgent adds a request that goes before ordinary ones. The request is urgent until a worker takes it. If it is
// being processed, it is urgent when it comes again. queue is what NewQueue returned, or what controller-runtime has
// wrapped around it.
func (t *Turns) AddUrgent(queue workqueue.TypedRateLimitingInterface[reconcile.Request], request reconcile.Request) {
	t.storage.mark(request)
	queue.Add(request)
	if queue.ShuttingDown() {
		// The request was not added, so nothing else would remove the mark.
		t.storage.unmark(request)
	}
}

// queue is client-go's, and also tells the storage when a request was processed and when the queue ends.
type queue struct {
	workqueue.TypedRateLimitingInterface[reconcile.Request]
	storage *storage
}

// Done ends the processing of a request. The worker has to call Get again: a request that waits because its namespace
// has enough workers does not wake another worker.
func (q *queue) Done(request reconcile.Request) {
	q.storage.done(request)
	q.TypedRateLimitingInterface.Done(request)
}

// Len returns how many requests wait, including those whose namespace has enough workers.
func (q *queue) Len() int { return q.storage.waiting() }

// ShutDown ends the queue. Workers get no more requests, as with the queue of controller-runtime. client-go would have
// them first process what waits, and an operator with a thousand requests would not stop.
func (q *queue) ShutDown() {
	q.storage.close()
	q.TypedRateLimitingInterface.ShutDown()
}
