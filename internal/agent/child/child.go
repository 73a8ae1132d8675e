//go:build linux

package child

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/barq-db/barq-operator/internal/barq/ending"
)

// Child is a process that was started.
type Child struct {
	pid   int
	ended chan struct{}
	end   ending.End

	// lock keeps the child from being reaped while it gets a signal.
	lock   sync.Mutex
	reaped bool
}

// Start starts a command. Its first word is looked for in PATH. The child has this process's
// environment without the variables withheld, and its standard output, and writes its errors to stderr. It is in a process group of its
// own, so that an interrupt from a terminal reaches it only through Signal. It has the file held too,
// and with it a lock on that file.
func Start(command, withheld []string, stderr, held *os.File) (*Child, error) {
	if len(command) == 0 {
		return nil, errors.New("there is no command to run")
	}
	program, err := exec.LookPath(command[0])
	if err != nil {
		return nil, err
	}
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer func() { _ = nothing.Close() }()
	c := &Child{ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel counts the thread that starts a child as its parent. If the thread ended, the
		// child would be killed.
		runtime.LockOSThread()
		var err error
		c.pid, err = syscall.ForkExec(program, command, &syscall.ProcAttr{
			Env:   without(os.Environ(), withheld),
			Files: []uintptr{nothing.Fd(), os.Stdout.Fd(), stderr.Fd(), held.Fd()},
			Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true},
		})
		started <- err
		if err == nil {
			c.wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return c, nil
}

// without returns variables of an environment without those of the given names.
func without(environment, names []string) []string {
	return slices.DeleteFunc(environment, func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(names, name)
	})
}

// wait reaps until the child has ended.
func (c *Child) wait() {
	defer close(c.ended)
	kind, whom := unix.P_PID, c.pid
	if os.Getpid() == 1 {
		// Process 1 inherits orphans, and they stay zombies until it reaps them.
		kind, whom = unix.P_ALL, -1
	}
	for !c.reap(whom) {
		// This does not reap: the id of the child must stay its own while a signal is sent.
		err := unix.Waitid(kind, c.pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != nil && !errors.Is(err, unix.EINTR) {
			// It cannot be waited for, so another part of the program has reaped it.
			c.end = ending.End{Code: 1}
			return
		}
	}
}

// reap reaps those that have ended, and reports whether the child is among them.
func (c *Child) reap(whom int) bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(whom, &status, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil || pid == 0:
			return c.reaped
		case pid == c.pid && status.Signaled():
			c.end, c.reaped = ending.End{Signal: int(status.Signal())}, true
		case pid == c.pid && status.Exited():
			c.end, c.reaped = ending.End{Code: status.ExitStatus()}, true
		}
		if c.reaped && whom == c.pid {
			return true
		}
	}
}

// PID is the process id of the child.
func (c *Child) PID() int { return c.pid }

// Ended is closed when the child has ended.
func (c *Child) Ended() <-chan struct{} { return c.ended }

// End returns how the child ended. It waits until it has.
func (c *Child) End() ending.End {
	<-c.ended
	return c.end
}

// Signal sends the child a signal. A child that has ended gets none.
func (c *Child) Signal(signal syscall.Signal) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.reaped {
		return nil
	}
	return syscall.Kill(c.pid, signal)
}
