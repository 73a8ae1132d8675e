//go:build linux

// The command barq-agent is the parent of Barq DB in its pod.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// version is that of the agent, which is not that of the operator: a new operator restarts no database.
const version = "0.1.0"

func main() {
	code := 0
	if err := newCommand(&code).Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "barq-agent:", err)
		code = 1
	}
	os.Exit(code)
}

func newCommand(code *int) *cobra.Command {
	root := &cobra.Command{
		Use:           "barq-agent",
		Version:       version,
		Short:         "Start, stop and keep Barq DB and its log",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newRunCommand(code), newQuarantineCommand(), newInstallCommand(), newProbeCommand(code))
	return root
}
