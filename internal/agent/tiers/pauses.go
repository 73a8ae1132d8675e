package tiers

import "time"

// Between two attempts that fail there are these times.
const (
	firstPause = time.Second
	lastPause  = 15 * time.Second
)

// Pauses are the times between attempts at what the buckets keep from being done: 1 s, then twice as much each, up to 15 s. The zero
// value begins with the first.
type Pauses struct{ last time.Duration }

// Next returns how long to wait after an attempt that has failed.
func (p *Pauses) Next() time.Duration {
	p.last = min(max(2*p.last, firstPause), lastPause)
	return p.last
}

// Reset begins with the first again, after an attempt that has not failed.
func (p *Pauses) Reset() { p.last = 0 }
