package release

import (
	"fmt"
	"sync"

	"github.com/go-logr/logr"
	"helm.sh/helm/v3/pkg/release"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/owned"
)

// dependents starts a reconcile when another writer has changed or deleted what was rendered.
//
// The library would read the manifest of the release at the end of each reconcile, to find kinds that it does not watch
// yet. It does so one worker at a time. That takes a quarter of the time of a reconcile with nothing to do. The kinds
// of this chart are known beforehand.
type dependents struct {
	mgr ctrl.Manager

	lock       sync.Mutex
	controller controller.Controller
	// monitors are the kinds of monitors that are watched.
	monitors map[string]bool
}

// watch starts the watches of the kinds that exist everywhere.
func (d *dependents) watch(passes controller.Controller) error {
	d.controller = passes
	for _, kind := range owned.Kinds {
		if err := d.watchKind(kind); err != nil {
			return err
		}
	}
	return nil
}

// Exec is called at the end of each reconcile, with the current release. It reads a manifest only until the first
// monitor of a kind, and only of a BarqCluster whose spec asks for one. A spec that asks for one has none while the API server
// does not know the kind.
func (d *dependents) Exec(cluster *unstructured.Unstructured, made release.Release, _ logr.Logger) error {
	for field, kind := range map[string]schema.GroupVersionKind{"podMonitor": owned.PodMonitorKind, "serviceMonitor": owned.ServiceMonitorKind} {
		asks, _, err := unstructured.NestedBool(cluster.Object, "spec", "monitoring", field, "enabled")
		if err == nil && asks {
			err = d.watchMonitors(kind, made.Manifest)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// watchMonitors watches a kind of monitors once a release has one.
func (d *dependents) watchMonitors(kind schema.GroupVersionKind, rendered string) error {
	d.lock.Lock()
	defer d.lock.Unlock()
	if d.monitors[kind.Kind] {
		return nil
	}
	has, err := manifest.Has(rendered, kind.Kind)
	if err != nil || !has {
		return err
	}
	if err := d.watchKind(kind); err != nil {
		return err
	}
	if d.monitors == nil {
		d.monitors = map[string]bool{}
	}
	d.monitors[kind.Kind] = true
	return nil
}

func (d *dependents) watchKind(kind schema.GroupVersionKind) error {
	owner := handler.TypedEnqueueRequestForOwner[client.Object](
		d.mgr.GetScheme(), d.mgr.GetRESTMapper(), clusters.Object(), handler.OnlyControllerOwner())
	if err := d.controller.Watch(source.Kind(d.mgr.GetCache(), owned.Empty(kind), owner, changedByHand())); err != nil {
		return fmt.Errorf("watching %s: %w", kind.Kind, err)
	}
	return nil
}

// changedByHand lets through the changes that the operator may have to revert. Only the operator creates these objects,
// so their creation starts no reconcile. Nor does a change of the status of a kind that counts generations.
func changedByHand() predicate.TypedFuncs[client.Object] {
	return predicate.TypedFuncs[client.Object]{
		CreateFunc:  func(event.TypedCreateEvent[client.Object]) bool { return false },
		GenericFunc: func(event.TypedGenericEvent[client.Object]) bool { return false },
		UpdateFunc: func(e event.TypedUpdateEvent[client.Object]) bool {
			before, err := owned.VersionOf(e.ObjectOld)
			after, afterErr := owned.VersionOf(e.ObjectNew)
			return before != after || err != nil || afterErr != nil
		},
	}
}
