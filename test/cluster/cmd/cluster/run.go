package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/test/cluster"
)

// tools are linked beside the programs that the cluster is made of.
var tools = []string{"helm"}

func newRunCommand(dir *string) *cobra.Command {
	var starter bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run a cluster in the foreground until interrupted",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if starter {
				return runForStarter(cmd.Context(), *dir)
			}
			return run(cmd.Context(), *dir, cmd.ErrOrStderr(), func() {
				printUsage(cmd.OutOrStdout(), *dir)
			})
		},
	}
	cmd.Flags().BoolVar(&starter, starterFlag, false, "report to the process that waits for the cluster to be ready")
	_ = cmd.Flags().MarkHidden(starterFlag)
	return cmd
}

// run runs a cluster until the context ends or a part of it fails, and calls
// ready once it is of use.
func run(ctx context.Context, dir string, out io.Writer, ready func()) error {
	started, err := cluster.Start(ctx, cluster.Options{Dir: dir, Out: out, Tools: tools})
	if err != nil {
		return err
	}
	ready()
	return errors.Join(started.Wait(ctx), started.Stop())
}

// runForStarter is run for the command up, which reads the progress, and any
// reason of a failure, from a pipe until it is closed.
func runForStarter(ctx context.Context, dir string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	pipe := os.NewFile(starterFD, "starter")
	// The pipe is closed only when all who have it close it, and the programs of
	// the cluster must not be among them.
	syscall.CloseOnExec(starterFD)
	starting := true
	err := run(ctx, dir, starterWriter{pipe: pipe, gone: cancel}, func() {
		starting = false
		_ = pipe.Close()
	})
	if err != nil && starting {
		_, _ = fmt.Fprintln(pipe, "cluster:", err)
	}
	return err
}

// starterWriter writes to the process that waits for the cluster and to the log.
// When that process is gone without having said so, nobody knows of the cluster,
// and it must not go on.
type starterWriter struct {
	pipe io.Writer
	gone context.CancelCauseFunc
}

func (w starterWriter) Write(data []byte) (int, error) {
	if _, err := w.pipe.Write(data); err != nil {
		w.gone(fmt.Errorf("the process that started the cluster is gone: %w", err))
	}
	return os.Stderr.Write(data)
}
