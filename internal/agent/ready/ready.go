package ready

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// Limit is how long an answer may take. It is below the timeoutSeconds of the chart's probes, so that a probe hears why.
	Limit = 4 * time.Second
	// longest is how long one call waits for the lock. Another one follows, in case the server has forgotten the first.
	longest = time.Minute
)

// ErrBusy is a server that did not get to the call in time.
var ErrBusy = errors.New("the database does not get to a call in time: it rebuilds an index, or has too much to do. Ask again in a moment")

// Check asks one server.
type Check struct {
	// Take is a call that takes the server's lock.
	Take func(context.Context) error
	// Took is told how long an answered call took.
	Took func(time.Duration)

	lock    sync.Mutex
	pending *call
}

// call is one that is under way, or has been answered.
type call struct {
	began time.Time
	ended chan struct{}
	err   error
}

// Now returns an error unless the server takes a call within Limit. Those who ask while a call is under way share its answer: the
// server gives it after they asked.
func (c *Check) Now(ctx context.Context) error {
	call := c.join()
	limit := time.NewTimer(Limit)
	defer limit.Stop()
	select {
	case <-call.ended:
		return call.err
	case <-limit.C:
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Waits returns for how long the call that is under way has waited, or 0 if there is none.
func (c *Check) Waits() time.Duration {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.pending == nil {
		return 0
	}
	return time.Since(c.pending.began)
}

// join returns the call that is under way, and begins one if there is none. A call outlasts those who asked: one that is given up
// would be followed by another, which comes later to the lock.
func (c *Check) join() *call {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.pending != nil {
		return c.pending
	}
	began := &call{began: time.Now(), ended: make(chan struct{})}
	c.pending = began
	go func() {
		ctx, cancel := context.WithTimeoutCause(context.Background(), longest, ErrBusy)
		defer cancel()
		err := c.Take(ctx)
		if err == nil {
			c.Took(time.Since(began.began))
		}
		c.lock.Lock()
		c.pending = nil
		c.lock.Unlock()
		began.err = err
		close(began.ended)
	}()
	return began
}
