package requeue

import "time"

// Sooner returns the shorter of two waits, where zero means none.
func Sooner(a, b time.Duration) time.Duration {
	if a <= 0 || b > 0 && b < a {
		return b
	}
	return a
}

// After returns the wait until the first of the times that lie in the future; zero if none does.
func After(now time.Time, times ...time.Time) time.Duration {
	var left time.Duration
	for _, at := range times {
		left = Sooner(left, max(at.Sub(now), 0))
	}
	return left
}
