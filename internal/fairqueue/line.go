package fairqueue

import (
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// line has waiting requests. Their namespaces take turns.
type line struct {
	// turns has each namespace with waiting requests once. The one whose last turn is longest ago comes first.
	turns []string
	// requests has the requests of each of these namespaces, the next one first.
	requests map[string][]reconcile.Request
	size     int
}

func newLine() line { return line{requests: map[string][]reconcile.Request{}} }

func (l *line) push(request reconcile.Request) {
	namespace := request.Namespace
	if _, waits := l.requests[namespace]; !waits {
		l.turns = append(l.turns, namespace)
	}
	l.requests[namespace] = append(l.requests[namespace], request)
	l.size++
}

// next returns the namespace whose turn it is. A namespace has no turn while workers process its maximum of requests.
func (l *line) next(processing map[string]int, most int) (namespace string, found bool) {
	for _, candidate := range l.turns {
		count := processing[candidate]
		if count < most && (!found || count < processing[namespace]) {
			namespace, found = candidate, true
		}
		if count == 0 {
			// No other namespace has fewer. At most as many namespaces have requests in process as there are workers,
			// so the loop ends soon.
			break
		}
	}
	return namespace, found
}

// pop removes and returns the next request of a namespace. The namespace moves to the end of the line if it has more.
func (l *line) pop(namespace string) reconcile.Request {
	waiting := l.requests[namespace]
	l.leave(namespace)
	if left := waiting[1:]; len(left) > 0 {
		l.turns = append(l.turns, namespace)
		l.requests[namespace] = left
	}
	l.size--
	return waiting[0]
}

// remove removes a request, and reports whether it was there.
func (l *line) remove(request reconcile.Request) bool {
	namespace := request.Namespace
	i := slices.Index(l.requests[namespace], request)
	if i < 0 {
		return false
	}
	if l.requests[namespace] = slices.Delete(l.requests[namespace], i, i+1); len(l.requests[namespace]) == 0 {
		l.leave(namespace)
	}
	l.size--
	return true
}

func (l *line) leave(namespace string) {
	i := slices.Index(l.turns, namespace)
	l.turns = slices.Delete(l.turns, i, i+1)
	delete(l.requests, namespace)
}
