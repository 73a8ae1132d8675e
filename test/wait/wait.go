// Package wait waits until something is so, for as long as a context lasts.
package wait

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// interval is the time between two looks.
const interval = 50 * time.Millisecond

// For returns when check says true. It fails when check does, and when the context ends.
func For(ctx context.Context, awaited string, check wait.ConditionWithContextFunc) error {
	err := wait.PollUntilContextCancel(ctx, interval, true, check)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return fmt.Errorf("wait for %s: %w", awaited, err)
}

// Sleep returns after a while, and with the cause when the context ends before.
func Sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(duration):
		return nil
	}
}
