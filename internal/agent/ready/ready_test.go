package ready_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/ready"
)

// server is one whose lock a test holds.
type server struct {
	calls   atomic.Int32
	release chan error
}

func (s *server) take(ctx context.Context) error {
	s.calls.Add(1)
	select {
	case err := <-s.release:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func newCheck() (*server, *ready.Check, *[]time.Duration) {
	s, took := &server{release: make(chan error)}, &[]time.Duration{}
	return s, &ready.Check{Take: s.take, Took: func(time time.Duration) { *took = append(*took, time) }}, took
}

// However many ask, one call waits for the lock.
func TestThoseWhoAskShareACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, check, took := newCheck()
		var asking sync.WaitGroup
		for range 1000 {
			asking.Go(func() { require.NoError(t, check.Now(t.Context())) })
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.Equal(t, int32(1), s.calls.Load())
		require.Equal(t, 3*time.Second, check.Waits())
		s.release <- nil
		asking.Wait()
		require.Equal(t, []time.Duration{3 * time.Second}, *took)
		require.Zero(t, check.Waits())

		broken := errors.New("broken")
		asking.Go(func() { require.Equal(t, broken, check.Now(t.Context())) })
		s.release <- broken
		asking.Wait()
		require.Equal(t, int32(2), s.calls.Load())
		require.Len(t, *took, 1, "it was not answered")
	})
}

// Who does not get an answer in time is told so, and the call goes on waiting.
func TestALockThatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, check, _ := newCheck()
		began := time.Now()
		for range 5 {
			require.Equal(t, ready.ErrBusy, check.Now(t.Context()))
		}
		require.Equal(t, 5*ready.Limit, time.Since(began))
		require.Equal(t, int32(1), s.calls.Load())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, check.Now(ctx), context.DeadlineExceeded)
		s.release <- nil
		synctest.Wait()
		require.Zero(t, check.Waits())

		// A call that the server has forgotten is followed by another.
		began = time.Now()
		for time.Since(began) < 70*time.Second {
			require.Equal(t, ready.ErrBusy, check.Now(t.Context()))
		}
		require.Equal(t, int32(3), s.calls.Load())
		s.release <- nil
		synctest.Wait()
	})
}
