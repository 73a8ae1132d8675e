package volumes

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/growth"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/pvcs"
)

// resize asks for the size of the spec at every PVC that asks for another size and has no standing
// refusal. It notes new refusals.
func (r *Reconciler) resize(ctx context.Context, observed *pvcs.Observation, now time.Time) error {
	cluster := observed.Cluster
	if cluster.Spec.Paused {
		return nil
	}
	name := client.ObjectKeyFromObject(cluster)
	before := r.growthRefusals.Of(name)
	observed.GrowthRefusals = map[types.UID]pvcs.Refusal{}
	var failed []error
	for _, pvc := range observed.PVCs {
		size, change := growth.Request(pvc, cluster.Spec.DesiredSize())
		if !change {
			continue
		}
		if refused, ok := before[pvc.UID]; ok && refused.Stands(pvc.PersistentVolumeClaim, cluster.Generation, now) {
			observed.GrowthRefusals[pvc.UID] = refused
			continue
		}
		err := r.ask(ctx, cluster, pvc, size)
		switch {
		case pvcs.IsRefusal(err):
			observed.GrowthRefusals[pvc.UID] = pvcs.NewRefusal(err, pvc.PersistentVolumeClaim, cluster.Generation, now)
		case client.IgnoreNotFound(err) != nil:
			failed = append(failed, fmt.Errorf("resizing PVC %s to %s: %w", pvc.Name, size.String(), err))
		}
	}
	r.growthRefusals.Replace(name, observed.GrowthRefusals)
	return errors.Join(failed...)
}

// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=patch

// ask sets the size that one PVC asks for.
func (r *Reconciler) ask(ctx context.Context, cluster *v1alpha1.BarqCluster, pvc pvcs.PVC, size resource.Quantity) error {
	if err := r.Client.Patch(ctx, growth.Requesting(pvc.PersistentVolumeClaim, size),
		client.MergeFromWithOptions(pvc.PersistentVolumeClaim, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	before := pvc.AsksFor()
	if before.Cmp(size) > 0 {
		r.Events.Eventf(cluster, pvc.PersistentVolumeClaim, corev1.EventTypeNormal, v1alpha1.ReasonResizing, "Resize",
			"PVC %s now asks for %s instead of %s", pvc.Name, size.String(), before.String())
		return nil
	}
	r.Events.Eventf(cluster, pvc.PersistentVolumeClaim, corev1.EventTypeNormal, v1alpha1.ReasonResizing, "Resize",
		"PVC %s now asks for %s", pvc.Name, size.String())
	return nil
}

// +kubebuilder:rbac:groups="",resources=pods,verbs=delete

// restart deletes a pod whose file system grows when it starts; its StatefulSet creates it again. The
// caches may be older than the loss of another pod. So the API server is asked for everything again,
// and the pod is deleted only if it is unchanged.
func (r *Reconciler) restart(ctx context.Context, name types.NamespacedName, now time.Time) error {
	observed, err := pvcs.Observe(ctx, r.Live, ownership.Of, name)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	plan := growth.PlanRestarts(observed, now)
	if plan.Now == nil || observed.Cluster.DeletionTimestamp != nil {
		// The cache is about to get what stood in the way, which starts the next reconcile.
		return nil
	}
	pod := observed.Pods[plan.Now.Pod]
	err = r.Client.Delete(ctx, pod, client.Preconditions{UID: &pod.UID, ResourceVersion: &pod.ResourceVersion})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		// The pod may also have changed meanwhile; controller-runtime then retries.
		return fmt.Errorf("restarting pod %s for its file system: %w", pod.Name, err)
	}
	r.Events.Eventf(observed.Cluster, pod, corev1.EventTypeNormal, v1alpha1.ReasonFileSystemResizePending, "Restart",
		"the operator restarts pod %s, because the file system of PVC %s grows only when the pod starts", pod.Name, plan.Now.Name)
	return nil
}
