// Command cluster starts and stops a Kubernetes control plane with simulated
// nodes on the local machine:
//
//	go run ./test/cluster/cmd/cluster up --dir .cluster
//	go run ./test/cluster/cmd/cluster down --dir .cluster
//
// See docs/test-cluster.md.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		stop()
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	var dir string
	var tools []string
	root := &cobra.Command{
		Use:           "cluster",
		Short:         "Run a Kubernetes control plane with simulated nodes on this machine",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().StringVar(&dir, "dir", ".cluster", "where the cluster keeps its kubeconfig, programs, logs and state")
	root.AddCommand(newUpCommand(&dir, &tools), newDownCommand(&dir), newRunCommand(&dir, &tools))
	return root
}
