//go:build linux

package disk_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/disk"
)

func TestOf(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, root.Close()) }()
	usage, err := disk.Of(root)
	require.NoError(t, err)
	require.Positive(t, usage.Free)
	require.Less(t, usage.Free, usage.Size)
}

func TestFull(t *testing.T) {
	begin := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	var growth disk.Growth
	_, known := growth.Full(begin, disk.Usage{Size: 100, Free: 90})
	require.False(t, known, "nothing is known")
	// It takes 10 more in an hour.
	used := func(after time.Duration) disk.Usage {
		return disk.Usage{Size: 1000, Free: 900 - int64(after/(6*time.Minute))}
	}
	for after := time.Duration(0); after <= 24*time.Hour; after += time.Minute {
		growth.Add(begin.Add(after), used(after))
		full, known := growth.Full(begin.Add(after), used(after))
		require.Equal(t, after >= 30*time.Minute, known, after)
		if after > 6*time.Hour {
			require.InDelta(t, 90*time.Hour, full.Sub(begin), float64(3*time.Hour), after)
		}
	}
	// A compaction has made room.
	_, known = growth.Full(begin.Add(24*time.Hour), disk.Usage{Size: 1000, Free: 950})
	require.False(t, known)
}
