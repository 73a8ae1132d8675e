package objectservers

import (
	"context"
	"errors"
	"io"

	"golang.org/x/time/rate"
)

// errCut ends a body that is not to arrive.
var errCut = errors.New("the connection was cut, as the test asked for")

// burst is how much of a body passes at once on a slow link.
const burst = 16 << 10

// link is a direction of the way to a store. All bodies share its speed.
type link struct {
	proxy   *Proxy
	limiter *rate.Limiter
	count   *int64
	cut     func(Faults) int64
}

// body is what passes over a link for a request.
type body struct {
	io.ReadCloser

	link      *link
	ctx       context.Context
	operation Operation
	passed    int64
}

func (l *link) pass(ctx context.Context, from io.ReadCloser, operation Operation) io.ReadCloser {
	return &body{ReadCloser: from, link: l, ctx: ctx, operation: operation}
}

func (b *body) Read(p []byte) (int, error) {
	faults, err := b.link.proxy.awaitWay(b.ctx)
	if err != nil {
		return 0, err
	}
	size := burst
	if faults.BytesPerSecond > 0 {
		// Another speed, or none, counts after a tenth of a second.
		size = max(1, min(size, faults.BytesPerSecond/10))
	}
	cut := b.link.cut(faults)
	cuts := cut > 0 && faults.concerns(b.operation)
	if cuts {
		// One byte more shows whether the body is longer.
		size = max(1, min(size, int(cut+1-b.passed)))
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), size)])
	if waitErr := b.link.limiter.WaitN(b.ctx, n); waitErr != nil {
		return 0, waitErr
	}
	if cuts && b.passed+int64(n) > cut {
		n, err = max(0, int(cut-b.passed)), errCut
	}
	b.passed += int64(n)
	b.link.proxy.carried(b.link.count, n)
	return n, err
}
