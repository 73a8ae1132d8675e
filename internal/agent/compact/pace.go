//go:build linux

package compact

import (
	"context"
	"time"
)

// stretch is how many bytes are worked on between two rests. It takes about a millisecond, so that no search waits for long.
const stretch = 32 << 10

// pace makes work take longer, so that others have the processors and the disk meanwhile.
type pace struct {
	duty  float64
	since time.Time
	bytes int
}

// worked takes note of work, and rests when it is due. It fails when the context has ended.
func (p *pace) worked(ctx context.Context, bytes int) error {
	p.bytes += bytes
	if p.bytes < stretch {
		return nil
	}
	p.bytes = 0
	if p.duty < 1 {
		rest := time.Duration(float64(time.Since(p.since)) * (1 - p.duty) / p.duty)
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
	}
	p.since = time.Now()
	return context.Cause(ctx)
}
