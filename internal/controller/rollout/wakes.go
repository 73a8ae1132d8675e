package rollout

import (
	"context"
	"sync"

	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// wakes makes a controller look at what it is told to. Before the controller has
// started there is nothing to wake: it looks at everything when it does.
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
