//go:build linux

package agent

import (
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shipped is how an agent is started that writes to an archive in two folders.
type shipped struct {
	path, warm, cold string
}

func newShipped(t *testing.T) *shipped {
	t.Helper()
	return &shipped{path: "team/things/0b9bd8a4-1", warm: t.TempDir(), cold: t.TempDir()}
}

// flags are those that say where the archive is.
func (s *shipped) flags(more ...string) []string {
	return append([]string{
		"--archive-path", s.path, "--archive-ordinal", "0", "--max-lag", "1s",
		"--warm-provider", "folder", "--warm-bucket", s.warm, "--cold-provider", "folder", "--cold-bucket", s.cold,
	}, more...)
}

// archived is how an agent is started whose writes are answered once they are in the archive.
func (s *shipped) archived(t *testing.T, data string, more ...string) how {
	t.Helper()
	return killed(t, data, s.flags(append([]string{"--commit", "--commit-to-archive"}, more...)...)...)
}

// stopShipped stops it, after which the archive has all.
func (a *agent) stopShipped() {
	a.t.Helper()
	a.stop()
	require.Empty(a.t, a.lines("the archive does not have the last writes. They are on the disk"))
}

// emptied removes all that is on a volume.
func emptied(t *testing.T, data string) {
	t.Helper()
	entries, err := os.ReadDir(data)
	require.NoError(t, err)
	for _, entry := range entries {
		require.NoError(t, os.RemoveAll(data+"/"+entry.Name()))
	}
}

func TestALostVolumeComesBack(t *testing.T) {
	s := newShipped(t)
	a := serve(t, how{flags: s.flags()})
	a.fill(500)
	a.stopShipped()
	emptied(t, a.data)
	again := serve(t, how{data: a.data, flags: s.flags()})
	again.requireDocuments(500)
	require.Len(t, again.lines("the data are restored"), 1)
	again.stopShipped()

	// With its data it does not restore them again.
	third := serve(t, how{data: a.data, flags: s.flags()})
	third.requireDocuments(500)
	require.Empty(t, third.lines("the data are restored"))
	third.stopShipped()
}

// The volume is thrown away at every other kill, and each write that was answered comes back from the buckets. Meanwhile logs are
// moved and compacted, chunks become one and move to the cold tier, and restores are killed too.
func TestNoArchivedWriteIsLostWithTheVolume(t *testing.T) {
	s := newShipped(t)
	kills := killsOr(t, 10)
	first := serve(t, how{flags: s.flags()})
	first.fill(0)
	first.stopShipped()
	l := newLedger()
	next, thrown, interrupted, moved, compacted := 1, 0, 0, 0, 0
	for kill := range kills {
		if kill%2 == 1 {
			emptied(t, first.data)
			thrown++
			for range rand.IntN(3) {
				a := launch(t, s.archived(t, first.data))
				time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
				_ = syscall.Kill(a.pid, syscall.SIGKILL)
				a.code()
				interrupted++
			}
		}
		// All moves at once, or after a while.
		a := serve(t, s.archived(t, first.data, "--cold-after", []string{"0s", "1s"}[kill/2%2]))
		l.check(a)
		l.writeUntil(a, next, a.kill)
		next += 1_000_000
		moved += len(a.lines("a log has become a segment"))
		compacted += len(a.lines("the segments are compacted"))
	}
	emptied(t, first.data)
	last := serve(t, s.archived(t, first.data))
	l.check(last)
	last.stopShipped()
	t.Logf("%d kills, %d volumes thrown away, %d starts interrupted, %d writes answered, %d logs moved, %d compactions, %d objects in the warm tier, %d in the cold one",
		kills, thrown, interrupted, l.answered, moved, compacted, files(t, s.warm), files(t, s.cold))
	require.Positive(t, moved)
	require.Positive(t, compacted)
	require.Positive(t, files(t, s.cold))
}

// files counts the files below a folder.
func files(t *testing.T, folder string) int {
	t.Helper()
	count := 0
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.IsDir() {
			count += files(t, folder+"/"+entry.Name())
		} else {
			count++
		}
	}
	return count
}
