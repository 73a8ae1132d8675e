package process

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// awaitPoll is the time between two looks at a child that starts.
const awaitPoll = 10 * time.Millisecond

// Process is a running child.
type Process struct {
	Name    string
	LogFile string

	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// Start starts the program in file, with further variables in its environment. Its output replaces the contents of
// logFile.
func Start(name, file string, args []string, logFile string, environment ...string) (*Process, error) {
	if err := os.WriteFile(logFile, nil, 0o600); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	command := exec.Command(file, args...)
	command.Env = append(os.Environ(), environment...)
	return Run(name, command, logFile)
}

// Run starts a command. Its output goes to the end of logFile.
func Run(name string, cmd *exec.Cmd, logFile string) (*Process, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = attributes()
	p := &Process{Name: name, LogFile: logFile, cmd: cmd, done: make(chan struct{})}

	started := make(chan error)
	go func() {
		// The kernel counts the thread that started a child as its parent, so
		// the thread has to live for as long as the child.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// PID is the process id of the child.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// ExitError says how the child ended and what it wrote last. It is meant for a
// child that ended unasked, and may be called only after Done.
func (p *Process) ExitError() error {
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	return fmt.Errorf("%s ended with %s; its log is %s and ends with:\n%s", p.Name, how, p.LogFile, p.lastLines(10))
}

// Await returns when check says true, and fails when the child ends before, or the context does.
func (p *Process) Await(ctx context.Context, check func() bool) error {
	for !check() {
		select {
		case <-p.done:
			return p.ExitError()
		case <-ctx.Done():
			return fmt.Errorf("wait for %s to be ready: %w; its log is %s", p.Name, context.Cause(ctx), p.LogFile)
		case <-time.After(awaitPoll):
		}
	}
	return nil
}

// HasEnded reports whether the child has ended.
func (p *Process) HasEnded() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Signal sends the child a signal.
func (p *Process) Signal(signal syscall.Signal) error { return p.cmd.Process.Signal(signal) }

// Kill ends the child at once, and returns when it has ended.
func (p *Process) Kill() {
	// An error means that the child has ended already.
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Stop asks the child to end, kills it after the grace period, and returns when
// it has ended.
func (p *Process) Stop(grace time.Duration) {
	// An error means that the child has ended already.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(grace):
		p.Kill()
	}
}

func (p *Process) lastLines(count int) string {
	data, err := os.ReadFile(p.LogFile)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
