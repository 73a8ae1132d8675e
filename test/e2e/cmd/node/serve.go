package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"

	"github.com/barq-db/barq-operator/test/e2e/node"
)

// serve starts the cluster and runs the command, within the namespaces.
func serve(ctx context.Context, given plan, args []string) (code int, err error) {
	// csi-provisioner prefers it to its flag, and another cluster is in it.
	if err := os.Unsetenv("KUBECONFIG"); err != nil {
		return 1, err
	}
	started, err := node.Start(ctx, given.options(os.Stderr))
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, started.Stop()) }()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- started.Wait(ctx)
		cancel()
	}()
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(),
		"KUBECONFIG="+started.Kubeconfig(),
		"PATH="+started.BinDir()+string(os.PathListSeparator)+os.Getenv("PATH"),
		"BARQ_E2E_REGISTRY="+started.Registry(),
		"BARQ_E2E_NODE=own",
		"BARQ_E2E_ARTIFACTS="+given.Artifacts,
	)
	code, err = node.ExitCode(command.Run())
	if errors.Is(err, context.Canceled) {
		// It was asked to end, and did so without a fault.
		err = nil
	}
	cancel()
	if failure := <-ended; failure != nil {
		return max(code, 1), failure
	}
	return code, err
}
