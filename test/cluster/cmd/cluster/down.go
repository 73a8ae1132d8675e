package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/test/cluster"
)

func newDownCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "Stop the cluster and remove its state; the logs stay",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			running, err := cluster.Find(*dir)
			if err != nil {
				return err
			}
			if running == nil {
				_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "No cluster runs in %s.\n", *dir)
				return cluster.RemoveState(*dir)
			}
			if err := running.Stop(cmd.Context()); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "The cluster in %s is stopped.\n", *dir)
			return nil
		},
	}
}
