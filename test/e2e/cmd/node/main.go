// Command node runs another command with a Kubernetes cluster of one real node:
//
//	node run [--artifacts DIR] [--bare] -- COMMAND [ARGUMENT...]
//
// The command finds the cluster in KUBECONFIG, kubectl and helm in PATH, the host and port of a registry that
// the node pulls from in BARQ_E2E_REGISTRY, and the folder for what a failure leaves in
// BARQ_E2E_ARTIFACTS. When it ends, the cluster does, without a trace on the machine.
// With --bare it is there sooner, without helm, and with two volumes that are there from the start.
// `node run -- bash` gives a person a shell on it. It takes root.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/test/e2e/node"
)

func main() { os.Exit(execute(os.Args[1:])) }

// execute runs the command line, and gives what the program is to end with.
func execute(arguments []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code := 0
	command := newCommand(&code)
	command.SetArgs(arguments)
	if err := command.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		return max(code, 1)
	}
	return code
}

// newCommand gives the command line; code becomes what the program is to end with.
func newCommand(code *int) *cobra.Command {
	root := &cobra.Command{Use: "node", Short: "Run a command with a Kubernetes cluster of one real node", SilenceErrors: true, SilenceUsage: true}
	var artifacts string
	var bare bool
	public := &cobra.Command{
		Use: "run [--artifacts DIR] [--bare] -- COMMAND [ARGUMENT...]", Short: "Run a command with a cluster of its own",
		Args: cobra.MinimumNArgs(1), DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			*code, err = run(cmd.Context(), artifacts, bare, args)
			return err
		},
	}
	public.Flags().StringVar(&artifacts, "artifacts", "", "folder for logs (default: one that is removed after a success)")
	public.Flags().BoolVar(&bare, "bare", false, "fewer programs to build: no helm, and two volumes of 1Gi that do not grow")
	root.AddCommand(public)

	// The others are this program in other places; each gets a plan as its first argument.
	for name, do := range map[string]func(context.Context, plan, []string) (int, error){
		"inhabit": inhabit, "serve": serve, "sweep": sweep,
	} {
		root.AddCommand(&cobra.Command{
			Use: name, Hidden: true, DisableFlagParsing: true,
			RunE: func(cmd *cobra.Command, args []string) error {
				if len(args) == 0 {
					return errors.New("this is for the command run alone")
				}
				given, err := parsePlan(args[0])
				if err != nil {
					return err
				}
				*code, err = do(cmd.Context(), given, args[1:])
				return err
			},
		})
	}
	return root
}

// inhabit is the first process in the namespaces.
func inhabit(_ context.Context, given plan, args []string) (int, error) {
	return node.Inhabit(append([]string{"serve", given.String()}, args...)...)
}
