package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/test/cluster"
)

// tools are linked beside the programs that the cluster is made of.
func newRunCommand(dir *string, tools *[]string) *cobra.Command {
	command := &cobra.Command{
		Use:   "run",
		Short: "Run a cluster in the foreground until interrupted",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			started, err := cluster.Start(cmd.Context(), cluster.Options{Dir: *dir, Out: cmd.ErrOrStderr(), Tools: *tools})
			if err != nil {
				return err
			}
			printUsage(cmd.OutOrStdout(), *dir)
			return errors.Join(started.Wait(cmd.Context()), started.Stop())
		},
	}
	addToolsFlag(command, tools)
	return command
}

// addToolsFlag lets a person do without the minutes that a tool takes to build.
func addToolsFlag(command *cobra.Command, tools *[]string) {
	command.Flags().StringSliceVar(tools, "tools", []string{"helm"}, "programs of hack/tools to have beside kubectl")
}
