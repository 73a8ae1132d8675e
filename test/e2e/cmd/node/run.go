package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/barq-db/barq-operator/test/e2e/checkout"
	"github.com/barq-db/barq-operator/test/e2e/node"
)

// run gets all that a node needs, encloses it, and sees to it that nothing is left.
func run(ctx context.Context, artifacts string, bare bool, args []string) (int, error) {
	if os.Geteuid() != 0 {
		return 1, errors.New("a node takes root: run it with sudo, or use a cluster of your own (make e2e KUBECONFIG=path)")
	}
	root, err := checkout.Root()
	if err != nil {
		return 1, err
	}
	if artifacts == "" {
		return runInOwnFolder(ctx, root, bare, args)
	}
	if artifacts, err = filepath.Abs(artifacts); err != nil {
		return 1, err
	}
	return runIn(ctx, artifacts, root, bare, args)
}

// runInOwnFolder runs in a folder of its own, and keeps it only to show
// what failed.
func runInOwnFolder(ctx context.Context, root string, bare bool, args []string) (int, error) {
	folder, err := os.MkdirTemp("", "barq-e2e-")
	if err != nil {
		return 1, err
	}
	code, err := runIn(ctx, folder, root, bare, args)
	if err == nil && code == 0 {
		return 0, os.RemoveAll(folder)
	}
	fmt.Fprintln(os.Stderr, "the logs of the node, and what else was left, are in", folder)
	return code, err
}

func runIn(ctx context.Context, artifacts, root string, bare bool, args []string) (code int, err error) {
	given := plan{Artifacts: artifacts, Cgroup: fmt.Sprintf("barq-e2e-%d", os.Getpid()), Bare: bare}
	// It is there first, whatever happens then.
	sweeper, err := startSweeper(given)
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, sweeper.finish()) }()
	state := given.options(nil).StateDir()
	if err := os.MkdirAll(state, 0o750); err != nil {
		return 1, err
	}
	given.Programs, err = node.Programs(ctx, root, state, bare, os.Stderr)
	if err != nil {
		return 1, err
	}
	return node.Enclose(ctx, append([]string{"inhabit", given.String()}, args...)...)
}
