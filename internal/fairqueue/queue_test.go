package fairqueue_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	controllers "sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/barq-db/barq-operator/internal/fairqueue"
)

// controller is the queue of a controller, with the turns to which it adds urgent requests.
type controller struct {
	workqueue.TypedRateLimitingInterface[reconcile.Request]
	turns *fairqueue.Turns
}

var _ = controllers.Options{NewQueue: fairqueue.New(1).NewQueue}

func newController(t *testing.T, workers int) controller {
	t.Helper()
	turns := fairqueue.New(workers)
	queue := turns.NewQueue(t.Name(), workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Second, time.Minute))
	t.Cleanup(queue.ShutDown)
	return controller{queue, turns}
}

// named returns a request by its namespace and name, as in "a/1".
func named(text string) reconcile.Request {
	namespace, name, _ := strings.Cut(text, "/")
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}
}

func (c controller) add(requests ...string) {
	for _, request := range requests {
		c.Add(named(request))
	}
}

func (c controller) urge(requests ...string) {
	for _, request := range requests {
		c.turns.AddUrgent(c, named(request))
	}
}

// get takes waiting requests, and leaves them in process.
func (c controller) get(t *testing.T, count int) (taken []string) {
	t.Helper()
	for range count {
		require.Positive(t, c.Len())
		request, shutdown := c.Get()
		require.False(t, shutdown)
		taken = append(taken, request.String())
	}
	return taken
}

func (c controller) done(requests ...string) {
	for _, request := range requests {
		c.Done(named(request))
	}
}

// work processes all waiting requests, one after the other.
func (c controller) work(t *testing.T) (processed []string) {
	t.Helper()
	for c.Len() > 0 {
		processed = append(processed, c.get(t, 1)...)
		c.done(processed[len(processed)-1])
	}
	return processed
}

func TestOrder(t *testing.T) {
	for name, test := range map[string]struct {
		add  func(controller)
		want []string
	}{
		"first in, first out": {
			func(c controller) { c.add("a/2", "a/1", "a/3") },
			[]string{"a/2", "a/1", "a/3"},
		},
		"namespaces take turns": {
			func(c controller) { c.add("a/1", "a/2", "a/3", "b/1", "b/2", "c/1") },
			[]string{"a/1", "b/1", "c/1", "a/2", "b/2", "a/3"},
		},
		"urgent requests go first, whatever their namespace": {
			func(c controller) { c.add("a/1", "a/2", "b/1"); c.urge("a/3", "b/2") },
			[]string{"a/3", "b/2", "a/1", "b/1", "a/2"},
		},
		"one that waits becomes urgent": {
			func(c controller) { c.add("a/1", "a/2", "a/3"); c.urge("a/3") },
			[]string{"a/3", "a/1", "a/2"},
		},
		"the only one of its namespace that waits becomes urgent": {
			func(c controller) { c.add("a/1", "b/1"); c.urge("b/1"); c.add("b/2") },
			[]string{"b/1", "a/1", "b/2"},
		},
		"an urgent one stays urgent, and where it is": {
			func(c controller) { c.urge("a/1", "a/2"); c.add("a/1"); c.urge("a/1") },
			[]string{"a/1", "a/2"},
		},
		"urgent ones of a namespace take turns with those of others": {
			func(c controller) { c.urge("a/1", "a/2", "a/3", "b/1") },
			[]string{"a/1", "b/1", "a/2", "a/3"},
		},
		"every fourth is an ordinary one": {
			func(c controller) {
				c.urge("a/1", "a/2", "a/3", "a/4", "a/5", "a/6", "a/7")
				c.add("b/1", "b/2", "b/3")
			},
			[]string{"a/1", "a/2", "a/3", "b/1", "a/4", "a/5", "a/6", "b/2", "a/7", "b/3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			queue := newController(t, 4)
			test.add(queue)
			require.Equal(t, test.want, queue.work(t))
		})
	}
}

// A request is no longer urgent when a worker has taken it.
func TestARequestIsUrgentOnce(t *testing.T) {
	queue := newController(t, 4)
	queue.urge("a/1")
	require.Equal(t, []string{"a/1"}, queue.work(t))
	queue.add("a/2", "a/1")
	require.Equal(t, []string{"a/2", "a/1"}, queue.work(t))
}

// As with every work queue, two workers never process a request at the same time. A request that is added meanwhile is
// not lost.
func TestARequestComesAgainAfterItWasProcessed(t *testing.T) {
	queue := newController(t, 4)
	queue.add("a/1")
	require.Equal(t, []string{"a/1"}, queue.get(t, 1))
	queue.add("a/1", "a/2", "a/1")
	queue.urge("a/1")
	require.Equal(t, 1, queue.Len())
	queue.done("a/1")
	require.Equal(t, []string{"a/1", "a/2"}, queue.work(t), "it was urgent when it came again")
}

func TestTheNamespaceWithTheFewestWorkersIsNext(t *testing.T) {
	queue := newController(t, 10)
	queue.add("a/1", "a/2", "b/1", "b/2", "a/3", "a/4")
	require.Equal(t, []string{"a/1", "b/1", "a/2", "b/2"}, queue.get(t, 4))
	queue.add("b/3")
	queue.done("b/1", "b/2")
	require.Equal(t, []string{"b/3", "a/3", "a/4"}, queue.get(t, 3))
}

// worker takes one request as soon as it gets one, in a bubble. It gets "" when the queue ends.
func (c controller) worker() <-chan string {
	taken := make(chan string, 1)
	go func() {
		request, shutdown := c.Get()
		if shutdown {
			taken <- ""
			return
		}
		taken <- request.String()
	}()
	synctest.Wait()
	return taken
}

// One namespace leaves half of the workers to the others, however many of its requests wait.
func TestOneNamespaceHasHalfOfTheWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := newController(t, 4)
		queue.add("a/1", "a/2", "a/3")
		queue.urge("a/4")
		require.Equal(t, []string{"a/4", "a/1"}, queue.get(t, 2))
		third := queue.worker()
		require.Empty(t, third)
		require.Equal(t, 2, queue.Len(), "those count that may not be taken")

		queue.add("b/1", "b/2")
		require.Equal(t, "b/1", <-third)
		queue.done("a/1")
		require.Equal(t, "a/2", <-queue.worker(), "both have one worker, and the last turn of a is longer ago")
		queue.done("b/1")
		require.Equal(t, "b/2", <-queue.worker())
		queue.done("b/2")
		third = queue.worker()
		require.Empty(t, third)
		queue.done("a/2")
		require.Equal(t, "a/3", <-queue.worker(), "the worker that has finished gets what was kept from the others")
		require.Zero(t, queue.Len())
		queue.ShutDown()
		require.Empty(t, <-third)
	})
}

// A single worker serves every namespace.
func TestOneWorkerIsEnough(t *testing.T) {
	queue := newController(t, 1)
	queue.add("a/1", "a/2")
	require.Equal(t, []string{"a/1", "a/2"}, queue.work(t))
}

func TestDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := newController(t, 4)
		queue.AddAfter(named("a/1"), time.Minute)
		queue.AddRateLimited(named("a/2"))
		queue.AddRateLimited(named("a/2"))
		require.Equal(t, 2, queue.NumRequeues(named("a/2")))
		synctest.Wait()
		require.Zero(t, queue.Len())
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []string{"a/2"}, queue.work(t))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []string{"a/1"}, queue.work(t))
		queue.Forget(named("a/2"))
		require.Zero(t, queue.NumRequeues(named("a/2")))
		queue.ShutDown()
	})
}

// An operator that stops does not begin waiting requests.
func TestShutDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := newController(t, 4)
		queue.add("a/1", "a/2", "a/3", "a/4")
		queue.AddAfter(named("b/1"), time.Minute)
		queue.get(t, 2)
		idle := queue.worker()
		require.Empty(t, idle)
		queue.ShutDown()
		require.Empty(t, <-idle)
		queue.done("a/1")
		require.Empty(t, <-queue.worker())
		queue.add("c/1")
		queue.urge("c/2")
		require.Equal(t, 2, queue.Len())
		require.True(t, queue.ShuttingDown())
	})
}

// The metrics of the queue have the name of its controller.
func TestMetrics(t *testing.T) {
	queue := newController(t, 2)
	before := measured(t)
	queue.add("a/1", "a/2", "a/3")
	queue.AddAfter(named("a/4"), time.Hour)
	queue.get(t, 1)
	after := measured(t)
	for name, want := range map[string]float64{"workqueue_depth": 2, "workqueue_adds_total": 3, "workqueue_retries_total": 1} {
		require.InDelta(t, want, after[name]-before[name], 0, name)
	}
}

// measured returns the counts and gauges of the controller with the name of the test.
func measured(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	require.NoError(t, err)
	found := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "controller" && label.GetValue() == t.Name() {
					found[family.GetName()] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
				}
			}
		}
	}
	return found
}

// With many workers and many namespaces at once, every request is processed after it was added last. Two workers never
// process the same request, and no namespace has more than half of the workers.
func TestManyWorkers(t *testing.T) {
	const workers, namespaces, names, additions = 4, 5, 20, 4000
	queue := newController(t, workers)
	var lock sync.Mutex
	added, processed := map[reconcile.Request]int{}, map[reconcile.Request]int{}
	busy, busyIn := map[reconcile.Request]bool{}, map[string]int{}
	var wrong []string
	begins := func(request reconcile.Request) int {
		lock.Lock()
		defer lock.Unlock()
		if busy[request] {
			wrong = append(wrong, request.String()+" is processed twice")
		}
		busy[request] = true
		if busyIn[request.Namespace]++; busyIn[request.Namespace] > workers/2 {
			wrong = append(wrong, request.Namespace+" has more than half of the workers")
		}
		return added[request]
	}
	ends := func(request reconcile.Request, seen int) {
		lock.Lock()
		defer lock.Unlock()
		processed[request] = seen
		busy[request] = false
		busyIn[request.Namespace]--
	}
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for {
				request, shutdown := queue.Get()
				if shutdown {
					return
				}
				seen := begins(request)
				time.Sleep(time.Duration(seen%3) * 10 * time.Microsecond)
				ends(request, seen)
				queue.Done(request)
			}
		})
	}
	var adding sync.WaitGroup
	for range namespaces {
		adding.Go(func() {
			for i := range additions {
				request := named(fmt.Sprintf("n%d/%d", (i*i)%namespaces, i%names))
				lock.Lock()
				added[request]++
				lock.Unlock()
				if i%3 == 0 {
					queue.turns.AddUrgent(queue, request)
				} else {
					queue.Add(request)
				}
			}
		})
	}
	adding.Wait()
	require.Eventually(t, func() bool {
		lock.Lock()
		defer lock.Unlock()
		for request, count := range added {
			if processed[request] != count {
				return false
			}
		}
		return true
	}, 30*time.Second, time.Millisecond)
	queue.ShutDown()
	running.Wait()
	require.Empty(t, wrong)
}
