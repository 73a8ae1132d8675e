package wait_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/wait"
)

func TestFor(t *testing.T) {
	looks := 0
	require.NoError(t, wait.For(t.Context(), "the second look", func(context.Context) (bool, error) {
		looks++
		return looks == 2, nil
	}))
	failed := errors.New("failed")
	err := wait.For(t.Context(), "a failure", func(context.Context) (bool, error) { return false, failed })
	require.EqualError(t, err, "wait for a failure: failed")
}

func TestTheCauseIsTold(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errors.New("not in time"))
	defer cancel()
	// What a client says of a context that has ended is not the cause.
	err := wait.For(ctx, "nothing", func(ctx context.Context) (bool, error) { return false, ctx.Err() })
	require.EqualError(t, err, "wait for nothing: not in time")
	require.EqualError(t, wait.Sleep(ctx, time.Hour), "not in time")
	require.NoError(t, wait.Sleep(t.Context(), 0))
}
