package release

import (
	"fmt"
	"slices"
	"strings"

	"github.com/operator-framework/helm-operator-plugins/pkg/reconciler"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"k8s.io/utils/clock"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/fairqueue"
	"github.com/barq-db/barq-operator/internal/helm/capabilities"
	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
	"github.com/barq-db/barq-operator/internal/helm/session"
	"github.com/barq-db/barq-operator/internal/signing"
	"github.com/barq-db/barq-operator/internal/watches"
)

// SetupWithManager registers the release controller for the kind that watch names.
//
// key signs the records of releases. secretMetadata is a cache of the metadata of the Secrets that store releases.
// statefulSets records the versions of the StatefulSets that Helm writes. rollouts paces the rollouts that no person
// asked for.
//
// wakes are sources that enqueue BarqClusters which have not changed themselves but have something to do. A changed
// Secret must reach the pods, a Secret that was missing must end the wait at once, and so must a free slot.
func SetupWithManager(mgr ctrl.Manager, watch *watches.Watch, translator *Translator, key *signing.Key,
	secretMetadata client.Reader, statefulSets *clusters.Versions, rollouts session.Rollouts, wakes ...source.Source,
) error {
	remembered := &capabilities.Cache{Clock: clock.RealClock{}}
	reasons := &releasestatus.Reasons{}
	sessions, err := newSessions(mgr, watch, key, secretMetadata, statefulSets, rollouts, remembered, reasons)
	if err != nil {
		return err
	}
	translator.has, translator.reasons = remembered.Has, reasons
	made := &dependents{mgr: mgr}
	over, written := &releasestatus.Uninstalled{}, &releasestatus.Written{}
	writer := &releasestatus.Client{Client: mgr.GetClient(), Written: written, Uninstalled: over, Reasons: reasons}
	settings := options(watch, translator, sessions, writer)
	if watch.WatchDependentResources {
		settings = append(settings, reconciler.WithPostHook(made))
	}
	releases, err := newReconciler(mgr, settings)
	if err != nil {
		return err
	}
	turns := fairqueue.New(watch.MaxConcurrentReconciles)
	passes, err := newController(mgr, watch, &withoutWaiting{Reconciler: releases, reader: mgr.GetClient(), over: over}, turns)
	if err != nil {
		return fmt.Errorf("registering the Helm reconciler: %w", err)
	}
	for _, wake := range append(slices.Clone(wakes), changes(mgr.GetCache(), turns, written)) {
		if err := passes.Watch(wake); err != nil {
			return fmt.Errorf("watching for the Helm reconciler: %w", err)
		}
	}
	if watch.WatchDependentResources {
		return made.watch(passes)
	}
	return nil
}

// newReconciler creates the library's reconciler.
func newReconciler(mgr ctrl.Manager, settings []reconciler.Option) (*reconciler.Reconciler, error) {
	releases, err := reconciler.New(settings...)
	if err != nil {
		return nil, fmt.Errorf("setting up the Helm reconciler: %w", err)
	}
	// This sets the library's defaults. The controller that it creates does not accept a queue from the operator, so it
	// is never started.
	if err := releases.SetupWithManager(withoutControllers{mgr}); err != nil {
		return nil, fmt.Errorf("setting up the Helm reconciler: %w", err)
	}
	return releases, nil
}

// newController creates the controller that replaces the library's, with the same name in metrics and logs.
func newController(mgr ctrl.Manager, watch *watches.Watch, releases reconcile.Reconciler, turns *fairqueue.Turns) (controller.Controller, error) {
	return controller.New(strings.ToLower(watch.Kind)+"-controller", mgr, controller.Options{
		Reconciler:              releases,
		MaxConcurrentReconciles: watch.MaxConcurrentReconciles,
		// The library's controller has taken the name.
		SkipNameValidation: ptr.To(true),
		NewQueue:           turns.NewQueue,
	})
}

// withoutControllers is a manager that never starts what is added to it.
type withoutControllers struct{ ctrl.Manager }

// Add ignores the runnable.
func (withoutControllers) Add(manager.Runnable) error { return nil }
