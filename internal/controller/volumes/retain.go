package volumes

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/retention"
)

// retain writes the settings of spec.storage.retention to the PVCs.
func (r *Reconciler) retain(ctx context.Context, observed *pvcs.Observation) error {
	if observed.Cluster.Spec.Paused {
		return nil
	}
	var failed []error
	for i, pvc := range observed.PVCs {
		changed := retention.Wanted(*observed, pvc)
		if changed == nil {
			continue
		}
		err := r.Client.Patch(ctx, changed, client.MergeFromWithOptions(pvc.PersistentVolumeClaim, client.MergeFromWithOptimisticLock{}))
		switch {
		case err == nil:
			observed.PVCs[i].PersistentVolumeClaim = changed
		case apierrors.IsConflict(err):
			// The cache is about to get the newer PVC, which starts another reconcile.
		case client.IgnoreNotFound(err) != nil:
			failed = append(failed, fmt.Errorf("writing spec.storage.retention into PVC %s: %w", pvc.Name, err))
		}
	}
	return errors.Join(failed...)
}

// keep sets volumes to stay after their PVCs are deleted, once for each PVC, and notes refusals. A
// note on the PVC says that this is done, so that a later reconcile sends no request. The operator
// never sets a volume back. A user who may write a PVC could otherwise forge the note, and have a
// volume deleted that an administrator keeps.
func (r *Reconciler) keep(ctx context.Context, observed *pvcs.Observation, now time.Time) error {
	name, cluster := client.ObjectKeyFromObject(observed.Cluster), observed.Cluster
	if !retention.KeepsVolumes(cluster) || cluster.Spec.Paused {
		r.retainRefusals.Replace(name, nil)
		return nil
	}
	before := r.retainRefusals.Of(name)
	observed.RetainRefusals = map[types.UID]pvcs.Refusal{}
	var failed []error
	for i, pvc := range observed.PVCs {
		if pvc.Status.Phase != corev1.ClaimBound || pvc.VolumeStays() {
			continue
		}
		if refused, ok := before[pvc.UID]; ok && refused.Stands(pvc.PersistentVolumeClaim, cluster.Generation, now) {
			observed.RetainRefusals[pvc.UID] = refused
			continue
		}
		noted, err := retention.KeepVolume(ctx, r.Live, r.Client, pvc.PersistentVolumeClaim)
		switch {
		case err == nil:
			observed.PVCs[i].PersistentVolumeClaim = noted
		case retention.IsKeepRefused(err):
			observed.RetainRefusals[pvc.UID] = pvcs.NewRefusal(err, pvc.PersistentVolumeClaim, cluster.Generation, now)
		default:
			failed = append(failed, fmt.Errorf("keeping the volume of PVC %s: %w", pvc.Name, err))
		}
	}
	r.retainRefusals.Replace(name, observed.RetainRefusals)
	return errors.Join(failed...)
}

// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=delete

// deleteScaled deletes the PVCs of pods that a lower number of replicas has removed. The caches may be
// older than the newest edit. So the API server is asked for everything again, and a PVC is deleted
// only if it is unchanged.
func (r *Reconciler) deleteScaled(ctx context.Context, name types.NamespacedName) error {
	observed, err := pvcs.Observe(ctx, r.Live, ownership.Of, name)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	for _, pvc := range retention.ScaledAway(observed) {
		err := r.Client.Delete(ctx, pvc.PersistentVolumeClaim, client.Preconditions{UID: &pvc.UID, ResourceVersion: &pvc.ResourceVersion})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("deleting PVC %s, as spec.storage.retention.whenScaled says: %w", pvc.Name, err)
		}
		what := "is deleted with its volume"
		if pvc.VolumeStays() {
			what = fmt.Sprintf("is deleted, and its volume %s stays (persistentVolumeReclaimPolicy Retain)", pvc.VolumeName())
		}
		r.Events.Eventf(observed.Cluster, pvc.PersistentVolumeClaim, corev1.EventTypeNormal, v1alpha1.ReasonVolumeDeleted, "Scale",
			"PVC %s %s, because replicas is %d and spec.storage.retention.whenScaled is Delete",
			pvc.Name, what, observed.Cluster.Spec.DesiredReplicas())
	}
	return nil
}
