//go:build linux

package disk

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Usage is how large a file system is.
type Usage struct {
	Size, Free int64
}

// Of returns the usage of the file system of a folder.
func Of(root *os.Root) (Usage, error) {
	folder, err := root.Open(".")
	if err != nil {
		return Usage{}, err
	}
	defer func() { _ = folder.Close() }()
	return of(folder)
}

// of returns the usage of the file system of an open folder.
func of(folder *os.File) (Usage, error) {
	var found unix.Statfs_t
	if err := unix.Fstatfs(int(folder.Fd()), &found); err != nil {
		return Usage{}, err
	}
	block := found.Bsize
	return Usage{Size: bytes(found.Blocks, block), Free: bytes(found.Bavail, block)}, nil
}

func bytes(blocks uint64, size int64) int64 {
	return int64(blocks) * size //nolint:gosec // No disk has 2^63 blocks.
}

// Times of the samples that a Growth keeps.
const (
	// step is the time between two of them.
	step = 10 * time.Minute
	// span is how far back they go.
	span = 6 * time.Hour
	// least is how much time they must span before they say anything.
	least = 30 * time.Minute
)

// Growth is how the use of a file system has grown in the last hours.
type Growth struct {
	samples []sample
}

type sample struct {
	at   time.Time
	used int64
}

// Add takes note of a usage.
func (g *Growth) Add(now time.Time, usage Usage) {
	if count := len(g.samples); count > 0 && now.Sub(g.samples[count-1].at) < step {
		return
	}
	g.samples = append(g.samples, sample{at: now, used: usage.Size - usage.Free})
	for now.Sub(g.samples[0].at) > span {
		g.samples = g.samples[1:]
	}
}

// Full returns when a file system with this usage will be full, if it grows as it did. It reports false
// if it does not grow, or too little is known.
func (g *Growth) Full(now time.Time, usage Usage) (time.Time, bool) {
	if len(g.samples) == 0 {
		return time.Time{}, false
	}
	first := g.samples[0]
	grown, took := usage.Size-usage.Free-first.used, now.Sub(first.at)
	if took < least || grown <= 0 {
		return time.Time{}, false
	}
	left := float64(usage.Free) / float64(grown) * float64(took)
	const century = 100 * 365 * 24 * time.Hour
	if left > float64(century) {
		return time.Time{}, false
	}
	return now.Add(time.Duration(left)).Round(time.Minute), true
}
