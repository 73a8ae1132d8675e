package requeue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/requeue"
)

func TestSooner(t *testing.T) {
	require.Zero(t, requeue.Sooner(0, 0))
	require.Equal(t, time.Second, requeue.Sooner(0, time.Second))
	require.Equal(t, time.Second, requeue.Sooner(time.Second, 0))
	require.Equal(t, time.Second, requeue.Sooner(time.Minute, time.Second))
	require.Equal(t, time.Second, requeue.Sooner(time.Second, time.Minute))
	require.Equal(t, time.Second, requeue.Sooner(-time.Second, time.Second), "one that is over is none")
}

func TestAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	require.Zero(t, requeue.After(now))
	require.Zero(t, requeue.After(now, now, now.Add(-time.Second), time.Time{}))
	require.Equal(t, time.Second, requeue.After(now, now.Add(time.Minute), now.Add(-time.Second), now.Add(time.Second)))
}
