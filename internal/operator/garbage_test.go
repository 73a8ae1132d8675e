package operator

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLessGarbageWhenMuchIsInUse(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	said, ended := make(chan int), make(chan error)
	g := &garbage{period: time.Millisecond, percent: func(percent int) int { said <- percent; return 0 }}
	// Tests use little themselves.
	memory := make([]byte, 2*room)
	runtime.GC()
	go func() { ended <- g.Start(ctx) }()
	require.Equal(t, leastPercent, <-said)
	runtime.KeepAlive(memory)
	runtime.GC()
	require.Equal(t, mostPercent, <-said)
	stop()
	require.NoError(t, <-ended)
	require.False(t, g.NeedLeaderElection())
}

func TestPercentFor(t *testing.T) {
	for inUse, percent := range map[uint64]int{
		0: 100, 40 << 20: 100, 40<<20 + 1: 95, 50 << 20: 80, 60 << 20: 65, 80 << 20: 50, 81 << 20: 50, 1 << 40: 50,
	} {
		require.Equal(t, percent, percentFor(inUse), inUse)
	}
}
