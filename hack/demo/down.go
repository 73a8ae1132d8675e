package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/barq-db/barq-operator/hack/demo/internal/record"
)

// down is `make demo-down`: it ends what the demo has started, and takes what it has
// made out of a cluster that is to go on without it.
func down(ctx context.Context, chosen options, out io.Writer) error {
	d, release, err := open(chosen, out)
	if err != nil {
		return err
	}
	defer func() { _ = release() }()

	if d.record, err = record.Load(d.directory.record()); err != nil {
		return err
	}
	owner, err := ownerOf(d.dir)
	if err != nil {
		return err
	}
	switch {
	case d.record == nil:
		d.printf("No demo runs in %s.\n", d.dir)
		// Nothing says so, but if an operator has its lock a demo has started it.
		err = d.stopOperator(ctx)
	case isGone(d.directory, owner, d.record):
		err = d.stopOperator(ctx)
		d.printf("The cluster of the demo has ended before.\n")
	case d.record.Started:
		err = errors.Join(d.stopOperator(ctx), d.stopCluster(ctx))
	default:
		err = d.remove(ctx)
	}
	if err != nil {
		return err
	}
	return d.directory.clear()
}

// remove takes what the demo has made out of a cluster that existed before.
func (d *demo) remove(ctx context.Context) error {
	uid := d.record.ClusterUID
	if err := d.connect(ctx); err != nil {
		return fmt.Errorf("%w\nif that cluster is gone for good, remove %s", err, d.directory.record())
	}
	if d.record.ClusterUID != uid {
		d.printf("%s is now the kubeconfig of another cluster; nothing is removed from it.\n", d.record.Kubeconfig)
		return d.stopOperator(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, d.timeout, fmt.Errorf("not done after %s; run `make demo-down` again to go on", d.timeout))
	defer cancel()
	if err := d.removeClusters(ctx); err != nil {
		return err
	}
	if err := d.stopOperator(ctx); err != nil {
		return err
	}
	return d.removeRest(ctx)
}
