package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/test/cluster"
)

// The supervisor gets the pipe to its starter as the first file after the
// standard ones, and this flag says so.
const (
	starterFlag = "report-to-starter"
	starterFD   = 3
)

func newUpCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:   "up",
		Short: "Start a cluster in the background and wait until it is ready",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := up(cmd.Context(), *dir, cmd.ErrOrStderr()); err != nil {
				return err
			}
			printUsage(cmd.OutOrStdout(), *dir)
			return nil
		},
	}
}

func up(ctx context.Context, dir string, progress io.Writer) error {
	running, err := cluster.Find(dir)
	if err != nil {
		return err
	}
	if running != nil {
		_, _ = fmt.Fprintf(progress, "A cluster runs in %s already (process %d).\n", dir, running.PID)
		return running.WaitReady(ctx)
	}
	return startSupervisor(ctx, dir, progress)
}

// startSupervisor starts a process that owns the cluster, shows its progress, and
// returns once the cluster is ready. An interrupt before that ends the process.
func startSupervisor(ctx context.Context, dir string, progress io.Writer) error {
	logs := filepath.Join(dir, "logs")
	if err := os.MkdirAll(logs, 0o750); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(logs, "cluster.log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	fromSupervisor, toStarter, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = fromSupervisor.Close() }()
	self, err := os.Executable()
	if err != nil {
		return errors.Join(err, toStarter.Close())
	}

	// Not CommandContext: the process is to outlive this one.
	cmd := exec.Command(self, "run", "--dir", dir, "--"+starterFlag)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{toStarter}
	// A session of its own, so that neither Ctrl-C nor closing the terminal
	// reaches it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	if err := errors.Join(err, toStarter.Close()); err != nil {
		return fmt.Errorf("start the process that owns the cluster: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })()

	// The supervisor closes the pipe when the cluster is ready, or by ending.
	if _, err := io.Copy(progress, fromSupervisor); err != nil {
		return err
	}
	running, err := cluster.Find(dir)
	if err != nil {
		return err
	}
	if ctx.Err() == nil && running != nil && running.PID == cmd.Process.Pid {
		return nil
	}
	// It was interrupted, or it has failed and told why on the pipe.
	_ = cmd.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("the cluster did not start; see the logs in %s", logs)
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
