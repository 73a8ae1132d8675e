package rollout

import (
	"context"
	"sync"

	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// wakes enqueues requests for a controller. Before the controller has started it drops them, because a
// starting controller reconciles every object.
type wakes struct {
	lock  sync.Mutex
	queue workqueue.TypedRateLimitingInterface[ctrl.Request]
}

func (w *wakes) source() source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		w.lock.Lock()
		defer w.lock.Unlock()
		w.queue = queue
		return nil
	})
}

func (w *wakes) wake(requests ...ctrl.Request) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.queue == nil {
		return
	}
	for _, request := range requests {
		w.queue.Add(request)
	}
}
