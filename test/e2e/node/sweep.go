package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/barq-db/barq-operator/test/cluster"
	"github.com/barq-db/barq-operator/test/wait"
)

// Sweep removes what a node that has ended left outside of its namespaces: its cgroups, and
// what it had in its folder, except for logs. It waits until the last process
// of the node has ended.
func Sweep(ctx context.Context, options Options) error {
	var left error
	err := wait.For(ctx, "the node to end", func(context.Context) (bool, error) {
		left = errors.Join(
			removeCgroup(options.Cgroup),
			os.RemoveAll(options.StateDir()),
			cluster.RemoveState(filepath.Join(options.Dir, clusterFolder)),
		)
		return left == nil, nil
	})
	return errors.Join(err, left)
}
