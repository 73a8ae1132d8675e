// The command operator-image makes the operator's image without a container engine,
// and pushes it. `make image` and `make image-push` run it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/hack/image/operatorimage"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "operator-image:", err)
		stop()
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	command := &cobra.Command{
		Use:           "operator-image",
		Short:         "Make the operator's image without a container engine",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	command.AddCommand(newBuildCommand(), newPushCommand())
	return command
}

func newBuildCommand() *cobra.Command {
	var repository, output string
	var version operatorimage.Version
	command := &cobra.Command{
		Use:   "build",
		Short: "Compile and pack the operator for all platforms and print the digest",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			digest, err := operatorimage.Build(command.Context(), repository, output, version)
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
	flags.StringVar(&version.Number, "version", "0.0.0-development", "version of the operator")
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
			pushed, err := operatorimage.Push(command.Context(), folder, args[0])
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
