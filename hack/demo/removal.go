package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/hack/demo/internal/daemon"
	"github.com/barq-db/barq-operator/hack/demo/internal/record"
)

// removalPoll is how often it is looked whether an object is gone.
const removalPoll = 100 * time.Millisecond

// removeClusters deletes the BarqClusters that the demo has made and waits until they
// are gone, which takes an operator.
func (d *demo) removeClusters(ctx context.Context) error {
	var left []record.Object
	for _, object := range d.record.Created {
		if isBarqCluster(object) {
			exists, err := d.exists(ctx, object)
			if err != nil {
				return err
			}
			if exists {
				left = append(left, object)
			}
		}
	}
	if len(left) == 0 {
		return nil
	}
	if err := d.ensureOperator(ctx); err != nil {
		return err
	}
	return d.delete(ctx, left)
}

// ensureOperator starts the operator if an interrupt has stopped it, or it has ended.
func (d *demo) ensureOperator(ctx context.Context) error {
	running, err := daemon.Find(d.directory.operatorLock())
	if err != nil || running != nil {
		return err
	}
	if err := d.buildOperator(ctx); err != nil {
		return err
	}
	return d.startOperator(ctx, nil)
}

// removeRest deletes what else the demo has made, last things first, except for what
// still has something in it that is not the demo's or that nobody can make again.
func (d *demo) removeRest(ctx context.Context) error {
	kept, err := d.kept(ctx)
	if err != nil {
		return err
	}
	var rest []record.Object
	for _, object := range slices.Backward(d.record.Created) {
		if _, keep := kept[object]; !keep && !isBarqCluster(object) {
			rest = append(rest, object)
		}
	}
	if err := d.delete(ctx, rest); err != nil {
		return err
	}
	for _, object := range d.record.Created {
		if why, keep := kept[object]; keep {
			d.printf("kept %s: %s\n", object, why)
		}
	}
	return nil
}

// kept gives the objects that must stay, each with the reason.
func (d *demo) kept(ctx context.Context) (map[record.Object]string, error) {
	kept := map[record.Object]string{}
	clusters := &v1alpha1.BarqClusterList{}
	if err := d.kubernetes.List(ctx, clusters); err != nil && !meta.IsNoMatchError(err) {
		return nil, err
	}
	var names []string
	for _, cluster := range clusters.Items {
		names = append(names, client.ObjectKeyFromObject(&cluster).String())
	}
	for _, object := range d.record.Created {
		switch {
		case object.Kind == "CustomResourceDefinition" && len(names) > 0:
			kept[object] = fmt.Sprintf("BarqClusters that the demo has not made would go with it (%s)", strings.Join(names, ", "))
		case object.Kind == "Namespace":
			claims := &corev1.PersistentVolumeClaimList{}
			if err := d.kubernetes.List(ctx, claims, client.InNamespace(object.Name)); err != nil {
				return nil, err
			}
			if why := contents(object.Name, claims.Items, clusters.Items); why != "" {
				kept[object] = why
			}
		}
	}
	return kept, nil
}

// contents tells what in a namespace is a reason to keep it, and how to delete it.
func contents(namespace string, claims []corev1.PersistentVolumeClaim, clusters []v1alpha1.BarqCluster) string {
	var names []string
	for _, cluster := range clusters {
		if cluster.Namespace == namespace {
			names = append(names, "BarqCluster "+cluster.Name)
		}
	}
	for _, claim := range claims {
		names = append(names, "PersistentVolumeClaim "+claim.Name)
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("it holds %s; `kubectl delete namespace %s` deletes the data too", strings.Join(names, ", "), namespace)
}

// delete deletes objects in their order, and waits for each until it is gone.
func (d *demo) delete(ctx context.Context, objects []record.Object) error {
	for _, object := range objects {
		if err := d.kubernetes.Delete(ctx, unstructuredOf(object)); err != nil {
			if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
				continue
			}
			return fmt.Errorf("delete %s: %w", object, err)
		}
		if err := d.waitGone(ctx, object); err != nil {
			return err
		}
		d.printf("deleted %s\n", object)
	}
	return nil
}

func (d *demo) waitGone(ctx context.Context, object record.Object) error {
	for {
		exists, err := d.exists(ctx, object)
		if ctx.Err() == nil && (err != nil || !exists) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s to be gone: %w", object, context.Cause(ctx))
		case <-time.After(removalPoll):
		}
	}
}

func (d *demo) exists(ctx context.Context, object record.Object) (bool, error) {
	found := unstructuredOf(object)
	err := d.kubernetes.Get(ctx, client.ObjectKeyFromObject(found), found)
	if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return false, nil
	}
	return err == nil, err
}

func unstructuredOf(object record.Object) *unstructured.Unstructured {
	result := &unstructured.Unstructured{}
	result.SetAPIVersion(object.APIVersion)
	result.SetKind(object.Kind)
	result.SetNamespace(object.Namespace)
	result.SetName(object.Name)
	return result
}

func isBarqCluster(object record.Object) bool {
	return unstructuredOf(object).GroupVersionKind().GroupKind() == v1alpha1.BarqClusterKind.GroupKind()
}

// recordedClusters gives the BarqClusters that the demo has made.
func (d *demo) recordedClusters() []client.ObjectKey {
	var keys []client.ObjectKey
	for _, object := range d.record.Created {
		if isBarqCluster(object) {
			keys = append(keys, client.ObjectKey{Namespace: object.Namespace, Name: object.Name})
		}
	}
	return keys
}
