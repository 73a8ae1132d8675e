// Command demo shows the operator at work on a Kubernetes API:
//
//	go run ./hack/demo up
//	go run ./hack/demo down
//
// `make demo` and `make demo-down` run it at the top of the checkout, where it
// expects to be. Up starts what it needs, applies a sample, follows it until it is
// Ready and says what was made; cluster and operator go on running. Down ends what
// up has started and made, and nothing else.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// options are what a person can choose.
type options struct {
	// dir keeps everything that the demo has.
	dir string
	// sample is the manifest to apply.
	sample string
	// kubeconfig names a cluster that exists; empty for a test cluster of the demo's own.
	kubeconfig string
	// timeout bounds the time until the sample is Ready, and until it is gone.
	timeout time.Duration
}

// variables are the environment variables that make passes on, by flag.
var variables = map[string]string{
	"sample":     "DEMO_SAMPLE",
	"kubeconfig": "DEMO_KUBECONFIG",
	"timeout":    "DEMO_TIMEOUT",
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	var chosen options
	root := &cobra.Command{
		Use:           "demo",
		Short:         "Show the operator at work on a Kubernetes API",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := readVariables(cmd.Flags(), os.Getenv); err != nil {
				return err
			}
			return chosen.complete()
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&chosen.dir, "dir", ".cluster", "where the demo and its test cluster keep their state, programs and logs")
	flags.DurationVar(&chosen.timeout, "timeout", 5*time.Minute, "how long the sample may take to be Ready, or to be gone (DEMO_TIMEOUT)")

	upCommand := &cobra.Command{
		Use:   "up",
		Short: "Start a cluster and the operator, apply a sample and show it become Ready",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return up(cmd.Context(), chosen, cmd.OutOrStdout())
		},
	}
	upCommand.Flags().StringVar(&chosen.sample, "sample", "config/samples/barqcluster.yaml", "manifest with one or more BarqClusters (DEMO_SAMPLE)")
	upCommand.Flags().StringVar(&chosen.kubeconfig, "kubeconfig", "", "kubeconfig of a cluster that exists; default a test cluster of the demo's own (DEMO_KUBECONFIG)")

	downCommand := &cobra.Command{
		Use:   "down",
		Short: "End what up has started and made",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return down(cmd.Context(), chosen, cmd.OutOrStdout())
		},
	}
	root.AddCommand(upCommand, downCommand)
	return root
}

// readVariables sets the flags that are not on the command line from their variables.
func readVariables(flags *pflag.FlagSet, getenv func(string) string) error {
	var err error
	flags.VisitAll(func(flag *pflag.Flag) {
		variable, has := variables[flag.Name]
		if err != nil || !has || flag.Changed || getenv(variable) == "" {
			return
		}
		if invalid := flags.Set(flag.Name, getenv(variable)); invalid != nil {
			err = fmt.Errorf("%s: %w", variable, invalid)
		}
	})
	return err
}

// complete makes paths absolute that are kept for later runs or given to programs.
func (o *options) complete() (err error) {
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return err
	}
	if o.kubeconfig != "" {
		o.kubeconfig, err = filepath.Abs(o.kubeconfig)
	}
	return err
}
