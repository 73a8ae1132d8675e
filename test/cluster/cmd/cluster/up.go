package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/test/cluster"
)

// progressPoll is how often the log is looked at for what is new.
const progressPoll = 50 * time.Millisecond

func newUpCommand(dir *string, tools *[]string) *cobra.Command {
	command := &cobra.Command{
		Use:   "up",
		Short: "Start a cluster in the background and wait until it is ready",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := up(cmd.Context(), *dir, *tools, cmd.ErrOrStderr()); err != nil {
				return err
			}
			printUsage(cmd.OutOrStdout(), *dir)
			return nil
		},
	}
	addToolsFlag(command, tools)
	return command
}

func up(ctx context.Context, dir string, tools []string, progress io.Writer) error {
	running, err := cluster.Find(dir)
	if err != nil {
		return err
	}
	if running != nil {
		_, _ = fmt.Fprintf(progress, "A cluster runs in %s already (process %d).\n", dir, running.PID)
		return running.WaitReady(ctx)
	}
	return startSupervisor(ctx, dir, tools, progress)
}

// startSupervisor starts a process that owns the cluster, shows its progress, and
// returns once the cluster is ready. An interrupt before that ends the process.
func startSupervisor(ctx context.Context, dir string, tools []string, progress io.Writer) error {
	// What an owner that was killed has left would be taken for a cluster that is ready.
	if err := cluster.RemoveState(dir); err != nil {
		return err
	}
	logs := filepath.Join(dir, "logs")
	log, said, err := createLog(logs)
	if err != nil {
		return err
	}
	defer func() { _ = errors.Join(log.Close(), said.Close()) }()
	self, err := os.Executable()
	if err != nil {
		return err
	}

	// Not CommandContext: the process is to outlive this one.
	cmd := exec.Command(self, "run", "--dir", dir, "--tools", strings.Join(tools, ","))
	cmd.Stderr = log
	// A session of its own, so that neither Ctrl-C nor closing the terminal
	// reaches it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the process that owns the cluster: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })()
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	for over := false; ; {
		// Start writes the kubeconfig last.
		_, unready := os.Stat(filepath.Join(dir, "kubeconfig"))
		if _, err := io.Copy(progress, said); err != nil {
			return err
		}
		switch {
		case over && ctx.Err() != nil:
			return context.Cause(ctx)
		case over:
			return fmt.Errorf("the cluster did not start; see the logs in %s", logs)
		case unready == nil && ctx.Err() == nil:
			return nil
		}
		select {
		case <-ended:
			over = true
		case <-time.After(progressPoll):
		}
	}
}

func printUsage(out io.Writer, dir string) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		absolute = dir
	}
	_, _ = fmt.Fprintf(out, `
The cluster is ready. To use it:

  export KUBECONFIG=%[1]s/kubeconfig
  export PATH=%[1]s/bin:$PATH
  kubectl get nodes

Logs are in %[1]s/logs. To stop it:

  go run ./test/cluster/cmd/cluster down --dir %[2]s
`, absolute, dir)
}

// createLog returns the log of the process that owns a cluster, to write and to read.
func createLog(folder string) (written, read *os.File, err error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, nil, err
	}
	if written, err = os.Create(filepath.Join(folder, "cluster.log")); err != nil {
		return nil, nil, err
	}
	if read, err = os.Open(written.Name()); err != nil {
		return nil, nil, errors.Join(err, written.Close())
	}
	return written, read, nil
}
