package volumes

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/ownership"
)

// refusedAgainAfter is when a refused resize is tried again: nothing tells the
// operator that a StorageClass has learned to expand.
const refusedAgainAfter = 10 * time.Minute

// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=list;watch;patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler asks for larger volumes.
type Reconciler struct {
	// Client reads from caches, and patches claims.
	Client client.Client
	// Events is told when the API server refuses.
	Events events.EventRecorder
}

// SetupWithManager registers the controller.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	cluster := &unstructured.Unstructured{}
	cluster.SetGroupVersionKind(v1alpha1.BarqClusterKind)
	err := ctrl.NewControllerManagedBy(mgr).
		Named("barqcluster-volumes").
		For(cluster).
		Watches(&corev1.PersistentVolumeClaim{}, handler.EnqueueRequestsFromMapFunc(ownership.Enqueue)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the volumes controller: %w", err)
	}
	return nil
}

// Reconcile compares every claim of one BarqCluster with its spec. It is level
// triggered: a stop at any point leaves claims that the next pass finishes.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1alpha1.BarqClusterKind)
	if err := r.Client.Get(ctx, request.NamespacedName, object); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	cluster, err := v1alpha1.FromUnstructured(object)
	if err != nil {
		return ctrl.Result{}, err
	}
	// Without a release of its own, claims that carry its name belong to a database
	// that somebody installed by hand.
	if cluster.DeletionTimestamp != nil || cluster.Spec.Paused || cluster.Status.DeployedRelease == nil {
		return ctrl.Result{}, nil
	}

	var claims corev1.PersistentVolumeClaimList
	if err := r.Client.List(ctx, &claims, ownership.Of(cluster)...); err != nil {
		return ctrl.Result{}, fmt.Errorf("listing volume claims: %w", err)
	}
	var result ctrl.Result
	for i := range claims.Items {
		claim := &claims.Items[i]
		if !needsResize(claim, cluster.Spec.DesiredSize()) {
			continue
		}
		err := r.resize(ctx, claim, cluster)
		switch {
		case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
			result.RequeueAfter = refusedAgainAfter
		case client.IgnoreNotFound(err) != nil:
			return ctrl.Result{}, err
		}
	}
	return result, nil
}

// resize asks for the size of the spec.
func (r *Reconciler) resize(ctx context.Context, claim *corev1.PersistentVolumeClaim, cluster *v1alpha1.BarqCluster) error {
	size := cluster.Spec.DesiredSize()
	patched := claim.DeepCopy()
	patched.Spec.Resources.Requests[corev1.ResourceStorage] = size
	if err := r.Client.Patch(ctx, patched, client.MergeFrom(claim)); err != nil {
		r.Events.Eventf(cluster, claim, corev1.EventTypeWarning, v1alpha1.ReasonResizeRefused, "Resize",
			"claim %s cannot be resized to %s: %v", claim.Name, size.String(), err)
		return fmt.Errorf("resizing claim %s to %s: %w", claim.Name, size.String(), err)
	}
	r.Events.Eventf(cluster, claim, corev1.EventTypeNormal, v1alpha1.ReasonResizing, "Resize",
		"claim %s is asked to have %s", claim.Name, size.String())
	return nil
}
