package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/barq-db/barq-operator/test/e2e/node"
)

// sweepTimeout bounds the time that the processes of a node may take to end after
// they were killed.
const sweepTimeout = 30 * time.Second

// sweeper is a process that waits for the end of a run, in whatever way it ends, and
// then removes what namespaces do not.
type sweeper struct {
	command *exec.Cmd
	// alive is open for as long as the run lives.
	alive io.Closer
}

func startSweeper(given plan) (*sweeper, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self, "sweep", given.String())
	alive, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	command.Stderr = os.Stderr
	// What a terminal sends to all processes of a command is not for it.
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start what cleans up after the node: %w", err)
	}
	return &sweeper{command: command, alive: alive}, nil
}

// finish lets the sweeper begin, and returns when it is done.
func (s *sweeper) finish() error {
	err := errors.Join(s.alive.Close(), s.command.Wait())
	if err != nil {
		return fmt.Errorf("clean up after the node: %w", err)
	}
	return nil
}

// sweep is what the sweeper does.
func sweep(_ context.Context, given plan, _ []string) (int, error) {
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return 1, err
	}
	// Not a context that a signal to all processes ends.
	ctx, cancel := context.WithTimeoutCause(context.Background(), sweepTimeout,
		fmt.Errorf("not done after %s", sweepTimeout))
	defer cancel()
	return 0, node.Sweep(ctx, given.options(nil))
}
