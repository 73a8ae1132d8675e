package release

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
	"github.com/barq-db/barq-operator/internal/helm/storage"
)

// deletionTimeout is how long the library may wait, with a worker, until the cache shows that a BarqCluster is deleted.
// The library takes zero for its default of half a minute. A BarqCluster with another owner's finalizer would hold a
// worker for all of it.
const deletionTimeout = time.Nanosecond

// goOnAfter is when a BarqCluster has its next turn after a reconcile that has reached its limits.
const goOnAfter = 50 * time.Millisecond

// withoutWaiting keeps the library from BarqClusters whose release is uninstalled, because the library would wait for
// their deletion. It also requeues a BarqCluster with work left soon, without the growing delays of an error.
type withoutWaiting struct {
	reconcile.Reconciler
	reader client.Reader
	over   *releasestatus.Uninstalled
}

// Reconcile reconciles one BarqCluster.
func (w *withoutWaiting) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	cluster := clusters.Object()
	err := w.reader.Get(ctx, request.NamespacedName, cluster, client.UnsafeDisableDeepCopy)
	switch {
	case apierrors.IsNotFound(err):
		w.over.Forget(request.NamespacedName)
		return ctrl.Result{}, nil
	case err != nil:
		return ctrl.Result{}, err
	case cluster.GetDeletionTimestamp() != nil && (w.over.Has(cluster) || !controllerutil.ContainsFinalizer(cluster, clusters.UninstallFinalizer)):
		return ctrl.Result{}, nil
	}
	result, err := w.Reconciler.Reconcile(ctx, request)
	if w.over.Has(cluster) {
		// The remaining error only says that the cache still has the BarqCluster.
		return ctrl.Result{}, nil
	}
	if errors.Is(err, storage.ErrUnfinished) {
		return ctrl.Result{RequeueAfter: goOnAfter}, nil
	}
	var waits kubeclient.Later
	if errors.As(err, &waits) {
		ctrl.LoggerFrom(ctx).V(1).Info("Trying again later", "after", waits.After.String(), "because", waits.Error())
		return ctrl.Result{RequeueAfter: waits.After}, nil
	}
	return result, err
}
