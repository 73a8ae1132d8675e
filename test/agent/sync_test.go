//go:build linux

package agent

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
)

// trace has strace write down the calls of the agent, and do to them what the options say. It returns
// the file, and what lets the agent go.
func (a *agent) trace(options ...string) (file string, stop func()) {
	a.t.Helper()
	program, err := exec.LookPath("strace")
	if err != nil {
		a.t.Skip("needs strace")
	}
	file = filepath.Join(a.t.TempDir(), "calls")
	attached := filepath.Join(a.t.TempDir(), "attached")
	said, err := os.Create(attached)
	require.NoError(a.t, err)
	command := exec.Command(program, append([]string{"-f", "-y", "-p", strconv.Itoa(a.pid), "-o", file}, options...)...)
	command.Stderr = said
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(a.t, command.Start())
	require.NoError(a.t, said.Close())
	a.eventually("strace gets hold of the agent", func() bool { return strings.Contains(content(a.t, attached), " attached") })
	stop = func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(patience, func() { _ = command.Process.Kill() })
		defer kill.Stop()
		// It ends with the signal, or has ended before.
		_ = command.Wait()
	}
	a.t.Cleanup(stop)
	return file, stop
}

func TestALogIsSyncedOnceItHasGrown(t *testing.T) {
	a := serve(t, how{flags: []string{"--sync-interval", "50ms"}})
	a.fill(1)
	a.eventually("the server serves", func() bool { return len(a.lines("the server serves")) == 1 })
	calls, stop := a.trace("-e", "trace=fdatasync,fsync")
	synced := func() int { return strings.Count(content(t, calls), "/wal.jsonl>) = 0") }
	isQuiet := func() bool {
		before := synced()
		time.Sleep(300 * time.Millisecond)
		return synced() == before
	}
	a.eventually("nothing has grown", isQuiet)
	before := synced()
	for number := range 3 {
		a.insert(2 + number)
		a.eventually("the log is synced", func() bool { return synced() == before+number+1 })
	}
	a.eventually("nothing has grown since", isQuiet)
	require.Equal(t, before+3, synced())
	stop()
	a.stop()
}

// serveTold starts an agent whose log is synced often, with a document, and returns what it tells of its log.
func serveTold(t *testing.T) (a *agent, log func() v1.Log) {
	t.Helper()
	folder, address := t.TempDir(), ownAddress()
	authority := newAuthority(t)
	issue(t, folder, authority)
	a = serve(t, how{flags: []string{"--sync-interval", "50ms", "--api-address", agentAt(address), "--api-certificates", folder}})
	a.fill(1)
	a.eventually("the agent answers", func() bool {
		_, err := ask(address, authority, uid)
		return err == nil
	})
	log = func() v1.Log {
		status, err := ask(address, authority, uid)
		require.NoError(t, err)
		return status.Log
	}
	a.eventually("all is synced", func() bool { return log().OldestUnsynced == nil && len(a.lines("the server serves")) == 1 })
	return a, log
}

func TestASyncThatFailsIsTold(t *testing.T) {
	a, log := serveTold(t)
	_, stop := a.trace("-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO")
	// It is told until the agent has written the log anew, and then by the next write.
	var told v1.Log
	var before time.Time
	number := 2
	a.eventually("it is told", func() bool {
		before = time.Now()
		a.insert(number)
		number++
		told = log()
		return told.OldestUnsynced != nil && strings.Contains(told.Problem, "input/output error")
	})
	require.WithinDuration(t, before, *told.OldestUnsynced, 5*time.Second)
	stop()
	a.eventually("it is tried again", func() bool { return log().OldestUnsynced == nil && log().Problem == "" })
	a.stop()
}

// While a sync takes long, the server goes on, and the agent says since when a write waits. It says that none waits only when
// the sync has ended.
func TestASyncThatTakesLongIsTold(t *testing.T) {
	a, log := serveTold(t)
	calls, stop := a.trace("-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=6000000")
	// strace writes down the end of a call before it lets the agent go on.
	ended := func() int { return strings.Count(content(t, calls), "(DELAYED)") }
	written := 1
	var since *time.Time
	a.eventually("it is told", func() bool {
		written++
		a.insert(written)
		since = log().OldestUnsynced
		return since != nil
	})
	require.WithinDuration(t, time.Now(), *since, 5*time.Second)
	first, before := written, ended()
	for oldest := since; oldest != nil && oldest.Equal(*since); {
		written++
		a.insert(written)
		if oldest = log().OldestUnsynced; ended() == before {
			require.Equal(t, since, oldest)
		}
	}
	t.Logf("%d writes during the sync", written-first)
	require.Greater(t, written-first, 10)

	a.eventually("what was written meanwhile is synced", func() bool { return log().OldestUnsynced == nil })
	require.GreaterOrEqual(t, ended(), before+2)
	stop()
	a.stop()
}
