//go:build linux

package agent

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/privatenetwork"
)

// machine is a disk with the file system ext4, in an image, that can lose power.
type machine struct {
	*testing.T
	images string
	data   string
	losses int
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	privatenetwork.Require(t)
	for _, program := range []string{"mkfs.ext4", "mount", "umount"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s", program)
		}
	}
	m := &machine{T: t, images: t.TempDir(), data: t.TempDir()}
	// In memory, where a sync takes no time: what is lost is decided by the file system in the image.
	require.NoError(t, syscall.Mount("tmpfs", m.images, "tmpfs", 0, "size=512m"))
	t.Cleanup(func() { _ = syscall.Unmount(m.images, syscall.MNT_DETACH) })
	m.command("truncate", "--size=64M", m.image())
	m.command("mkfs.ext4", "-q", m.image())
	m.mount()
	t.Cleanup(func() { _ = syscall.Unmount(m.data, syscall.MNT_DETACH) })
	return m
}

func (m *machine) command(name string, arguments ...string) {
	m.Helper()
	said, err := exec.Command(name, arguments...).CombinedOutput()
	require.NoError(m, err, "%s", said)
}

func (m *machine) image() string { return filepath.Join(m.images, fmt.Sprint(m.losses)) }

func (m *machine) mount() {
	m.Helper()
	// The journal is written by syncs alone, so a copy of the image is one that the file system understands.
	m.command("mount", "-o", "loop,commit=300", m.image(), m.data)
}

// losePower leaves what had got to the image: the kernel has pages of files in memory that nothing has synced.
func (m *machine) losePower() {
	m.Helper()
	before := m.image()
	m.losses++
	m.command("cp", "--sparse=always", before, m.image())
	// The server may still be ending.
	require.Eventually(m, func() bool { return syscall.Unmount(m.data, 0) == nil }, patience, moment)
	require.NoError(m, os.Remove(before))
	m.mount()
}

// kill ends agent and server at once.
func (a *agent) kill() {
	server := a.server()
	_ = syscall.Kill(server, syscall.SIGKILL)
	_ = syscall.Kill(a.pid, syscall.SIGKILL)
}

// A node that loses power loses what is not synced. No write is among it that was answered, with any of its logs moved, sealed or
// compacted at that moment.
func TestNoAnsweredWriteIsLostWithThePower(t *testing.T) {
	m := newMachine(t)
	first := serve(t, how{data: m.data})
	first.fill(0)
	first.stop()
	l := newLedger()
	next, moved, compacted := 1, 0, 0
	losses := killsOr(t, 10)
	for range losses {
		a := serve(t, killed(t, m.data, "--commit"))
		l.check(a)
		l.writeUntil(a, next, a.kill)
		m.losePower()
		next += 1_000_000
		moved += len(a.lines("a log has become a segment"))
		compacted += len(a.lines("the segments are compacted"))
	}
	last := serve(t, how{data: m.data})
	l.check(last)
	last.stop()
	t.Logf("%d losses of power, %d writes answered, %d logs moved, %d compactions", losses, l.answered, moved, compacted)
	require.Positive(t, moved)
	require.Positive(t, compacted)
}

// Without syncs the same loss takes writes that were answered. So the test above can fail.
func TestUnsyncedWritesAreLostWithThePower(t *testing.T) {
	m := newMachine(t)
	first := serve(t, how{data: m.data})
	first.fill(0)
	first.stop()
	a := serve(t, how{data: m.data, door: true, flags: []string{"--sync-interval", "0s"}})
	a.insert(1)
	a.kill()
	a.code()
	m.losePower()
	last := serve(t, how{data: m.data})
	missing, err := last.Missing(t.Context(), "things", client.Number(1))
	require.NoError(t, err)
	require.Len(t, missing, 1)
	last.stop()
}
