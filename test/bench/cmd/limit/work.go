package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

// longestLine is how many bytes the objects of one database may take.
const longestLine = 1 << 20

// work is what is done with the objects in a file.
type work struct {
	client    dynamic.Interface
	manifests string
	namespace string
	workers   int
}

// apply applies all objects, and returns when the StatefulSets among them are Ready.
func (w *work) apply(ctx context.Context) error {
	applied, err := w.each(ctx, func(ctx context.Context, object *unstructured.Unstructured) error {
		_, err := w.resource(object).Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: "limit", Force: true})
		return err
	})
	if err != nil {
		return err
	}
	return w.awaitReady(ctx, applied)
}

// remove deletes all objects.
func (w *work) remove(ctx context.Context) error {
	_, err := w.each(ctx, func(ctx context.Context, object *unstructured.Unstructured) error {
		err := w.resource(object).Delete(ctx, object.GetName(), metav1.DeleteOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	})
	return err
}

// each does something with every object, those of one database in their order, and gives the number of databases.
func (w *work) each(ctx context.Context, do func(context.Context, *unstructured.Unstructured) error) (databases int, err error) {
	file, err := os.Open(w.manifests)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, longestLine)

	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(w.workers)
	for lines.Scan() && ctx.Err() == nil {
		var objects []map[string]any
		if err := json.Unmarshal(lines.Bytes(), &objects); err != nil {
			return 0, fmt.Errorf("%s: line %d: %w", w.manifests, databases+1, err)
		}
		databases++
		group.Go(func() error {
			for _, object := range objects {
				object := &unstructured.Unstructured{Object: object}
				if err := do(ctx, object); err != nil {
					return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	return databases, lines.Err()
}

// resource guesses the name of the resource from the kind, which is right for all of Kubernetes' own and saves the
// requests of discovery.
func (w *work) resource(object *unstructured.Unstructured) dynamic.ResourceInterface {
	resource, _ := meta.UnsafeGuessKindToResource(object.GroupVersionKind())
	return w.client.Resource(resource).Namespace(w.namespace)
}

// awaitReady returns when as many StatefulSets are Ready as there are databases.
func (w *work) awaitReady(ctx context.Context, databases int) error {
	sets := w.client.Resource(appsv1.SchemeGroupVersion.WithResource("statefulsets")).Namespace(w.namespace)
	list, err := sets.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	ready := map[string]bool{}
	for i := range list.Items {
		if isReady(&list.Items[i]) {
			ready[list.Items[i].GetName()] = true
		}
	}
	if len(ready) == databases {
		return nil
	}
	changes, err := sets.Watch(ctx, metav1.ListOptions{ResourceVersion: list.GetResourceVersion()})
	if err != nil {
		return err
	}
	defer changes.Stop()
	for change := range changes.ResultChan() {
		set, ok := change.Object.(*unstructured.Unstructured)
		if !ok || change.Type == watch.Error {
			return fmt.Errorf("watch the StatefulSets: %w", apierrors.FromObject(change.Object))
		}
		if isReady(set) {
			ready[set.GetName()] = true
		}
		if len(ready) == databases {
			return nil
		}
	}
	return fmt.Errorf("the watch of the StatefulSets ended when %d of %d were Ready", len(ready), databases)
}

func isReady(object *unstructured.Unstructured) bool {
	set := &appsv1.StatefulSet{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, set); err != nil {
		return false
	}
	return set.Status.ObservedGeneration == set.Generation && set.Status.ReadyReplicas == *set.Spec.Replicas
}
