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
	memory := make([]byte, muchInUse)
	runtime.GC()
	go func() { ended <- g.Start(ctx) }()
	require.Equal(t, manyPercent, <-said)
	runtime.KeepAlive(memory)
	runtime.GC()
	require.Equal(t, fewPercent, <-said)
	stop()
	require.NoError(t, <-ended)
	require.False(t, g.NeedLeaderElection())
}
