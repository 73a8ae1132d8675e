package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/barq-db/barq-operator/hack/processlock"
)

const (
	// lockPoll is how often it is looked whether the process has ended.
	lockPoll = 20 * time.Millisecond
	// killWait bounds the time that the kernel takes to end a process by force.
	killWait = 10 * time.Second
)

// Program is what to run.
type Program struct {
	File        string
	Args        []string
	Environment []string
	// LockFile is locked by the process for as long as it lives, and holds its id.
	LockFile string
	// LogFile gets its output, in place of what it holds.
	LogFile string
}

// Process is a running program.
type Process struct {
	PID int

	lock    *os.File
	process *os.Process
	ended   chan struct{}
}

// Start starts the program. It returns a HeldError when one runs already that has
// the same lock file.
func Start(program Program) (*Process, error) {
	held, err := lock(program.LockFile)
	if err != nil {
		return nil, err
	}
	// Only closed, never unlocked: that would unlock it for the program too.
	defer func() { _ = held.Close() }()
	// Until the new number is known, no old one may be taken for it.
	if err := held.Truncate(0); err != nil {
		return nil, err
	}

	log, err := os.Create(program.LogFile)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(program.File, program.Args...)
	cmd.Env = program.Environment
	cmd.Stdout, cmd.Stderr = log, log
	// The program does not know of this file; it holds the lock by having it open.
	cmd.ExtraFiles = []*os.File{held}
	// A session of its own, so that neither Ctrl-C nor closing the terminal reaches it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	file, err := os.Open(program.LockFile)
	if err := errors.Join(err, processlock.WritePID(held, cmd.Process.Pid)); err != nil {
		return nil, errors.Join(err, cmd.Process.Kill())
	}
	return &Process{PID: cmd.Process.Pid, lock: file, process: cmd.Process, ended: ended}, nil
}

// Find returns the process that has the lock, or nil when none has.
func Find(lockFile string) (*Process, error) {
	file, err := os.Open(lockFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	holder, err := processlock.Holder(file)
	if holder == nil {
		_ = file.Close()
		return nil, err
	}
	return &Process{PID: holder.Pid, lock: file, process: holder}, nil
}

// Ended is closed when the process has ended. It is known only of a process that
// the caller has started; of one that was found it is nil, which is never closed.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Stop asks the process to end, kills it after the grace period, and returns when
// it has ended.
func (p *Process) Stop(ctx context.Context, grace time.Duration) error {
	for _, step := range []struct {
		signal os.Signal
		wait   time.Duration
	}{{syscall.SIGTERM, grace}, {syscall.SIGKILL, killWait}} {
		if err := p.process.Signal(step.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop process %d: %w", p.PID, err)
		}
		ended, err := p.waitEnded(ctx, step.wait)
		if err != nil {
			return fmt.Errorf("wait for process %d to end: %w", p.PID, err)
		}
		if ended {
			return p.lock.Close()
		}
	}
	return fmt.Errorf("process %d has not ended %s after it was killed", p.PID, killWait)
}

func (p *Process) waitEnded(ctx context.Context, limit time.Duration) (bool, error) {
	deadline := time.Now().Add(limit)
	for {
		free, err := processlock.IsFree(p.lock)
		if err != nil || free {
			return free, err
		}
		if time.Now().After(deadline) {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
}
