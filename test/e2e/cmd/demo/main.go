// Command demo shows what the operator is for, on the cluster that KUBECONFIG names:
//
//	demo run
//	demo remove
//
// run installs the operator, makes a database, puts handwritten digits into it and searches, kills it while clients write,
// sends it what would harm it, and shows what its agent saw. It fails when something does not hold. remove takes all of
// that away again. hack/demo/demo.sh brings up the cluster.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/test/e2e/checkout"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	root := &cobra.Command{Use: "demo", Short: "Show what the operator is for", SilenceErrors: true, SilenceUsage: true}
	for name, do := range map[string]struct {
		short string
		do    func(*demo, context.Context) error
	}{
		"run":    {"Show everything, on the cluster of KUBECONFIG", (*demo).run},
		"remove": {"Take away what run has left on the cluster", (*demo).remove},
	} {
		root.AddCommand(&cobra.Command{Use: name, Short: do.short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			top, err := checkout.Root()
			if err != nil {
				return err
			}
			d, err := connect(top, cmd.OutOrStdout())
			if err != nil {
				return err
			}
			return do.do(d, cmd.Context())
		}})
	}
	return root
}
