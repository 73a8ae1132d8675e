package fairqueue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// model does the same as the storage in the shortest way, whatever that costs.
type model struct {
	most, inARow int
	now          int
	waiting      []waiting
	processing   []reconcile.Request
	// turn is when a namespace had its last turn, or joined the line, for urgent requests and for others.
	turn map[bool]map[string]int
}

type waiting struct {
	request reconcile.Request
	urgent  bool
}

func (m *model) of(urgent bool, namespace string) (found []waiting) {
	for _, one := range m.waiting {
		if one.urgent == urgent && one.request.Namespace == namespace {
			found = append(found, one)
		}
	}
	return found
}

func (m *model) add(request reconcile.Request, urgent bool) {
	m.now++
	if i := slices.IndexFunc(m.waiting, func(one waiting) bool { return one.request == request }); i >= 0 {
		if !urgent || m.waiting[i].urgent {
			return
		}
		m.waiting = slices.Delete(m.waiting, i, i+1)
	}
	if len(m.of(urgent, request.Namespace)) == 0 {
		m.turn[urgent][request.Namespace] = m.now
	}
	m.waiting = append(m.waiting, waiting{request, urgent})
}

func (m *model) processed(namespace string) (count int) {
	for _, request := range m.processing {
		if request.Namespace == namespace {
			count++
		}
	}
	return count
}

// next returns the request to take, if there is one.
func (m *model) next() (next waiting, found bool) {
	free := slices.DeleteFunc(slices.Clone(m.waiting), func(one waiting) bool { return m.processed(one.request.Namespace) >= m.most })
	if len(free) == 0 {
		return waiting{}, false
	}
	urgentFirst := m.inARow < urgentInARow
	// The sort is stable, so the first request of a namespace remains the first.
	slices.SortStableFunc(free, func(a, b waiting) int {
		if a.urgent != b.urgent {
			if a.urgent == urgentFirst {
				return -1
			}
			return 1
		}
		if fewer := m.processed(a.request.Namespace) - m.processed(b.request.Namespace); fewer != 0 {
			return fewer
		}
		return m.turn[a.urgent][a.request.Namespace] - m.turn[b.urgent][b.request.Namespace]
	})
	return free[0], true
}

func (m *model) take(next waiting) {
	m.now++
	m.waiting = slices.DeleteFunc(m.waiting, func(one waiting) bool { return one == next })
	m.turn[next.urgent][next.request.Namespace] = m.now
	m.processing = append(m.processing, next.request)
	if m.inARow++; !next.urgent {
		m.inARow = 0
	}
}

// The storage returns the requests in the order in which a simple model does, whatever is added, taken and finished.
func TestTheStorageDoesWhatAModelDoes(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		most := 1 + random.IntN(4)
		turns := &Turns{newStorage(most)}
		queue := turns.NewQueue("", workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
		expected := &model{most: most, turn: map[bool]map[string]int{true: {}, false: {}}}
		namespaces, names := 1+random.IntN(5), 1+random.IntN(8)
		for range 200 {
			switch random.IntN(4) {
			case 0, 1:
				request := reconcile.Request{NamespacedName: types.NamespacedName{
					Namespace: fmt.Sprint("n", random.IntN(namespaces)), Name: fmt.Sprint(random.IntN(names)),
				}}
				if slices.Contains(expected.processing, request) {
					// TestARequestComesAgainAfterItWasProcessed covers these.
					continue
				}
				urgent := random.IntN(2) == 0
				expected.add(request, urgent)
				if urgent {
					turns.AddUrgent(queue, request)
				} else {
					queue.Add(request)
				}
			case 2:
				next, found := expected.next()
				require.Equal(t, found, turns.storage.Len() > 0)
				if found {
					got, shutdown := queue.Get()
					require.False(t, shutdown)
					require.Equal(t, next.request, got)
					expected.take(next)
				}
			default:
				if len(expected.processing) > 0 {
					i := random.IntN(len(expected.processing))
					queue.Done(expected.processing[i])
					expected.processing = slices.Delete(expected.processing, i, i+1)
				}
			}
			require.Equal(t, len(expected.waiting), queue.Len())
		}
		queue.ShutDown()
	}
}

// Finished requests take no memory.
func TestNothingIsKept(t *testing.T) {
	turns := New(4)
	queue := turns.NewQueue("", workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	request := func(i int) reconcile.Request {
		return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: fmt.Sprint(i), Name: "db"}}
	}
	for i := range 100 {
		turns.AddUrgent(queue, request(i))
		queue.Add(request(i))
		turns.AddUrgent(queue, request(i))
	}
	for range 100 {
		got, _ := queue.Get()
		turns.AddUrgent(queue, got)
		require.Len(t, turns.storage.marked, 1)
		queue.Done(got)
	}
	for range 100 {
		got, _ := queue.Get()
		queue.Done(got)
	}
	queue.ShutDown()
	turns.AddUrgent(queue, request(0))
	require.Equal(t, &storage{
		most: 2, urgent: line{turns: []string{}, requests: map[string][]reconcile.Request{}}, ordinary: newLine(),
		inARow: 200, marked: turns.storage.marked, processing: map[string]int{}, closed: true,
	}, turns.storage)
	require.Empty(t, turns.storage.marked)
}
