package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/hack/demo/internal/manifest"
	"github.com/barq-db/barq-operator/hack/demo/internal/progress"
	"github.com/barq-db/barq-operator/hack/demo/internal/report"
)

// shownEvents is how many events the account of a failure has for each BarqCluster.
const shownEvents = 10

// errTimeout ends the wait for the sample.
var errTimeout = errors.New("timeout")

// runSample applies the sample and shows its progress until all of its BarqClusters
// are Ready.
func (d *demo) runSample(ctx context.Context, sample []*unstructured.Unstructured, keys []client.ObjectKey) error {
	d.heading("Sample %s", d.sample)
	if err := d.applySample(ctx, sample); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeoutCause(ctx, d.timeout, errTimeout)
	defer cancel()
	waiting, fail := context.WithCancelCause(waiting)
	defer fail(nil)
	go func() {
		select {
		case <-waiting.Done():
		case <-d.operator.Ended():
			fail(d.operatorEnded())
		}
	}()
	err := progress.Await(waiting, d.kubernetes, keys, progress.NewLines(d.out, keys).Show)
	if errors.Is(err, errTimeout) {
		return d.account(ctx, keys)
	}
	return err
}

// applySample applies the objects, in namespaces that it makes if they are not there.
func (d *demo) applySample(ctx context.Context, sample []*unstructured.Unstructured) error {
	namespace := &unstructured.Unstructured{}
	namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	namespace.SetName(sampleNamespace)
	for _, object := range append([]*unstructured.Unstructured{namespace}, sample...) {
		if err := d.apply(ctx, object); err != nil {
			if ctx.Err() != nil {
				return err
			}
			return fmt.Errorf("the API server refuses %s %s:\n%s", object.GetKind(), object.GetName(), indent(manifest.Refusal(err)))
		}
		d.printf("applied %s %s\n", object.GetKind(), nameOf(object))
	}
	if len(d.foundBefore) > 0 {
		d.printf("there before, so `make demo-down` keeps them: %s\n", strings.Join(d.foundBefore, ", "))
	}
	return nil
}

// account says what the BarqClusters that are not Ready in time wait for.
func (d *demo) account(ctx context.Context, keys []client.ObjectKey) error {
	var late []string
	for _, key := range keys {
		cluster := &v1alpha1.BarqCluster{}
		if err := d.kubernetes.Get(ctx, key, cluster); err != nil {
			return err
		}
		if progress.Arrived(cluster) {
			continue
		}
		late = append(late, key.String())
		events := &corev1.EventList{}
		if err := d.kubernetes.List(ctx, events, client.InNamespace(key.Namespace)); err != nil {
			return err
		}
		d.heading("BarqCluster %s is not Ready", key)
		d.printf("%s\n\n%s\n%s", progress.StateOf(cluster),
			report.Table(report.Conditions(cluster.Status.Conditions)),
			report.Table(report.Events(events.Items, cluster, shownEvents, time.Now())))
	}
	return fmt.Errorf("not Ready after %s: %s; DEMO_TIMEOUT=10m waits longer", d.timeout, strings.Join(late, ", "))
}

func nameOf(object *unstructured.Unstructured) string {
	if object.GetNamespace() == "" {
		return object.GetName()
	}
	return object.GetNamespace() + "/" + object.GetName()
}
