// Command programs builds the Go programs that a module of this repository pins
// with tool directives, each once per user and version, and prints where they
// are:
//
//	go run ./hack/programs --module hack/tools helm controller-gen
//
// Paths go to standard output, one a line in the order asked for; progress goes
// to standard error. Without names it builds all programs of the module.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/hack/programs/programcache"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "programs:", err)
		stop()
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:           "programs --module DIR [NAME...]",
		Short:         "Build the programs that a module pins and print where they are",
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, names []string) error {
			module, err := programcache.Open(cmd.Context(), dir)
			if err != nil {
				return err
			}
			cache, err := programcache.DefaultDir()
			if err != nil {
				return err
			}
			if len(names) == 0 {
				for _, program := range module.Programs {
					names = append(names, program.Name)
				}
			}
			paths, err := module.Build(cmd.Context(), cache, cmd.ErrOrStderr(), names...)
			if err != nil {
				return err
			}
			for _, path := range paths {
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), path); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "module", "", "directory of the module that pins the programs")
	if err := cmd.MarkFlagRequired("module"); err != nil {
		panic(err)
	}
	return cmd
}
