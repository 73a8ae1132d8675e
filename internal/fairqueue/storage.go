package fairqueue

import (
	"sync"

	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// urgentInARow is how many urgent requests are taken before an ordinary one that waits.
const urgentInARow = 3

// storage has the waiting requests. It implements workqueue.Queue; client-go calls those methods under a lock of its
// own.
type storage struct {
	// most is how many requests of one namespace are processed at once.
	most int

	lock             sync.Mutex
	urgent, ordinary line
	// inARow is how many urgent requests were taken since the last ordinary one.
	inARow int
	// marked has the requests that are urgent when they are pushed or touched next.
	marked sets.Set[reconcile.Request]
	// processing is how many requests of each namespace are being processed.
	processing map[string]int
	closed     bool
}

func newStorage(most int) *storage {
	return &storage{most: most, urgent: newLine(), ordinary: newLine(), marked: sets.Set[reconcile.Request]{}, processing: map[string]int{}}
}

// Push adds a request that is not waiting yet.
func (s *storage) Push(request reconcile.Request) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.takeMark(request) {
		s.urgent.push(request)
	} else {
		s.ordinary.push(request)
	}
}

// Touch is called when a waiting request is added again.
func (s *storage) Touch(request reconcile.Request) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.takeMark(request) && s.ordinary.remove(request) {
		s.urgent.push(request)
	}
}

// Len returns how many waiting requests a worker may take now.
func (s *storage) Len() int {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.closed {
		return 0
	}
	free := s.urgent.size + s.ordinary.size
	for namespace, count := range s.processing {
		if count >= s.most {
			free -= len(s.urgent.requests[namespace]) + len(s.ordinary.requests[namespace])
		}
	}
	return free
}

// Pop takes the next request. Len must be positive.
func (s *storage) Pop() reconcile.Request {
	s.lock.Lock()
	defer s.lock.Unlock()
	first, second := &s.urgent, &s.ordinary
	if s.inARow >= urgentInARow {
		first, second = second, first
	}
	from := first
	namespace, found := from.next(s.processing, s.most)
	if !found {
		from = second
		namespace, _ = from.next(s.processing, s.most)
	}
	if from == &s.urgent {
		s.inARow++
	} else {
		s.inARow = 0
	}
	s.processing[namespace]++
	return from.pop(namespace)
}

// done is called before client-go learns that a request was processed.
func (s *storage) done(request reconcile.Request) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.processing[request.Namespace]--
	if s.processing[request.Namespace] <= 0 {
		delete(s.processing, request.Namespace)
	}
}

func (s *storage) waiting() int {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.urgent.size + s.ordinary.size
}

func (s *storage) close() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.closed = true
}

func (s *storage) mark(request reconcile.Request) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.marked.Insert(request)
}

func (s *storage) unmark(request reconcile.Request) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.marked.Delete(request)
}

// takeMark removes the mark of a request, and reports whether there was one. A mark lasts until then. So there are
// never more marks than requests that were added while workers process them.
func (s *storage) takeMark(request reconcile.Request) bool {
	marked := s.marked.Has(request)
	s.marked.Delete(request)
	return marked
}
