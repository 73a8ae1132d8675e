package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/hack/demo/internal/manifest"
	"github.com/barq-db/barq-operator/test/cluster"
)

// sampleNamespace is where objects go that name no namespace themselves.
const sampleNamespace = "barq-demo"

// up is `make demo`. An interrupt stops what it has started; after any other error
// that goes on running, so that a person can look.
func up(ctx context.Context, chosen options, out io.Writer) error {
	// Read before anything is started that would be of no use without it.
	sample, err := readSample(chosen.sample)
	if err != nil {
		return err
	}
	d, release, err := open(chosen, out)
	if err != nil {
		return err
	}
	defer func() { _ = release() }()

	err = d.up(ctx, sample)
	if ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), d.stopStarted(context.WithoutCancel(ctx)))
	}
	if err != nil && d.kubectl != "" {
		d.heading("What goes on running")
		d.showHints("kubectl -n " + keysOf(sample)[0].Namespace + " get bqc,statefulset,pod,pvc,events -o wide")
	}
	return err
}

func (d *demo) up(ctx context.Context, sample []*unstructured.Unstructured) error {
	err := d.reachCluster(ctx)
	if err != nil {
		return err
	}
	if d.kubectl, err = d.findKubectl(ctx); err != nil {
		return err
	}
	keys := keysOf(sample)
	if err := d.replaceOperator(ctx, keys); err != nil {
		return err
	}
	if err := d.runSample(ctx, sample, keys); err != nil {
		return err
	}
	return d.show(ctx, keys)
}

// stopStarted ends what this run has started. What it made in a cluster that existed
// is left to down, which takes longer than somebody who interrupts wants to wait.
func (d *demo) stopStarted(ctx context.Context) error {
	d.printf("\n")
	var errs []error
	if d.operator != nil {
		errs = append(errs, d.step(ctx, "stopping the operator", func() error { return d.operator.Stop(ctx, operatorGrace) }))
	}
	if d.startedCluster {
		errs = append(errs, d.stopCluster(ctx), d.directory.clear())
		return errors.Join(errs...)
	}
	if d.record != nil && len(d.record.Created) > 0 {
		d.printf("The cluster of %s keeps what was made in it; `make demo-down` removes that.\n", d.record.Kubeconfig)
	}
	return errors.Join(errs...)
}

// stopCluster stops the test cluster in the demo's directory, if it runs.
func (d *demo) stopCluster(ctx context.Context) error {
	running, err := cluster.Find(d.dir)
	if err != nil {
		return err
	}
	if running == nil {
		return cluster.RemoveState(d.dir)
	}
	return d.step(ctx, "stopping the test cluster", func() error { return running.Stop(ctx) })
}

// readSample gives the objects of the sample, among them at least one BarqCluster.
func readSample(file string) ([]*unstructured.Unstructured, error) {
	objects, err := manifest.Read(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the sample does not exist: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("the sample cannot be read: %w", err)
	}
	if len(keysOf(objects)) == 0 {
		return nil, fmt.Errorf("the sample %s holds no BarqCluster; name a manifest that does in DEMO_SAMPLE", file)
	}
	return objects, nil
}

// keysOf gives the BarqClusters among objects.
func keysOf(objects []*unstructured.Unstructured) []client.ObjectKey {
	var keys []client.ObjectKey
	for _, object := range objects {
		if object.GroupVersionKind().GroupKind() == v1alpha1.BarqClusterKind.GroupKind() {
			keys = append(keys, client.ObjectKey{Namespace: namespaceOf(object), Name: object.GetName()})
		}
	}
	return keys
}

func namespaceOf(object *unstructured.Unstructured) string {
	if namespace := object.GetNamespace(); namespace != "" {
		return namespace
	}
	return sampleNamespace
}

// distinctNamespaces gives the namespaces of objects in order, each once.
func distinctNamespaces(keys []client.ObjectKey) []string {
	var namespaces []string
	for _, key := range keys {
		namespaces = append(namespaces, key.Namespace)
	}
	slices.Sort(namespaces)
	return slices.Compact(namespaces)
}
