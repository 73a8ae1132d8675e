// The command program-image makes the image of the operator, or of the agent, without a container
// engine, and pushes it. `make image`, `make agent-image` and their pushes run it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/hack/image/programimage"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "program-image:", err)
		stop()
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	command := &cobra.Command{
		Use:           "program-image",
		Short:         "Make the image of the operator or the agent without a container engine",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	command.AddCommand(newBuildCommand(), newPushCommand())
	return command
}

func newBuildCommand() *cobra.Command {
	var repository, output string
	var version programimage.Version
	command := &cobra.Command{
		Use:       "build PROGRAM",
		Short:     "Compile and pack barq-operator or barq-agent for all platforms and print the digest",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{programimage.Operator.Name, programimage.Agent.Name},
		RunE: func(command *cobra.Command, args []string) error {
			program := programimage.Operator
			if args[0] == programimage.Agent.Name {
				program = programimage.Agent
			}
			digest, err := program.Build(command.Context(), repository, output, version)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(command.OutOrStdout(), digest)
			return err
		},
	}
	flags := command.Flags()
	flags.StringVar(&repository, "repository", "../..", "top folder of the repository")
	flags.StringVar(&output, "output", "../../dist", "folder for the OCI layout image and the bills of materials")
	flags.StringVar(&version.Number, "version", "0.0.0-development", "version of the program")
	flags.StringVar(&version.Commit, "commit", "unknown", "commit that it is built from")
	flags.StringVar(&version.Date, "date", "unknown", "date of the commit, in RFC 3339")
	return command
}

func newPushCommand() *cobra.Command {
	var folder string
	command := &cobra.Command{
		Use:   "push REFERENCE",
		Short: "Push what build made and print the reference by digest",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			pushed, err := programimage.Push(command.Context(), folder, args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(command.OutOrStdout(), pushed)
			return err
		},
	}
	command.Flags().StringVar(&folder, "layout", "../../dist/image", "OCI layout to push")
	return command
}
