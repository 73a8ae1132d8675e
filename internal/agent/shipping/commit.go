//go:build linux

package shipping

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// waiters are writes that wait for the same pass.
type waiters struct {
	// of has the collections, and what came of each.
	of    map[datadir.Collection]error
	ended chan struct{}
	once  sync.Once
}

// end tells all of them what came of the pass, once. Those whose collection was not complete hear of it in the next.
func (w *waiters) end(err error) {
	if w == nil {
		return
	}
	w.once.Do(func() {
		if err != nil {
			for collection := range w.of {
				w.of[collection] = err
			}
		}
		close(w.ended)
	})
}

// incompleteError is a collection of which the archive has not all yet.
type incompleteError struct{ collection datadir.Collection }

func (e *incompleteError) Error() string {
	return fmt.Sprintf("the archive does not have all of collection %s of tenant %s yet", e.collection.Name, e.collection.Tenant)
}

// Commit returns when all that the server had written of a collection before the call is in the archive. An error says that it may not
// be there, or that the context has ended. Those who come during a pass share the next one.
func (s *Shipper) Commit(ctx context.Context, collection datadir.Collection) error {
	for {
		s.lock.Lock()
		if err := s.fenced; err != nil {
			s.lock.Unlock()
			return err
		}
		if s.waiting == nil {
			s.waiting = &waiters{of: map[datadir.Collection]error{}, ended: make(chan struct{})}
		}
		waited := s.waiting
		waited.of[collection] = nil
		s.lock.Unlock()
		select {
		case s.wake <- struct{}{}:
		default:
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-waited.ended:
		}
		err := waited.of[collection]
		if incomplete := (*incompleteError)(nil); !errors.As(err, &incomplete) {
			return err
		}
	}
}

// Check returns why a write would not get into the archive, if that is known before.
func (s *Shipper) Check(datadir.Collection) error { return s.isFenced() }

// answer tells those who wait that nothing is written.
func (s *Shipper) answer(err error) {
	s.lock.Lock()
	waited := s.waiting
	s.waiting = nil
	s.lock.Unlock()
	waited.end(err)
}
