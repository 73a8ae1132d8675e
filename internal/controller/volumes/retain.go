package volumes

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/retention"
	"github.com/barq-db/barq-operator/internal/workload"
)

// scaledAnnotation marks the claims of pods that were there while spec.storage.retention.whenScaled was Delete. Without the mark a
// claim is kept: it is from before that, or its pod sleeps, or it is a former BarqCluster's.
const (
	scaledAnnotation = "barq.db/when-scaled"
	scaledDelete     = string(v1alpha1.RetentionDelete)
)

// deletesScaled reports whether volumes go with pods that a lower number removes. 0 pods are a database that sleeps.
func (o observation) deletesScaled() bool {
	return o.cluster.Spec.Storage.Retention.WhenScaled == v1alpha1.RetentionDelete && o.cluster.Spec.DesiredReplicas() > 0
}

// isMarked reports whether the claim goes when a lower number removes its pod.
func (v volume) isMarked() bool { return v.claim.Annotations[scaledAnnotation] == scaledDelete }

// isToBeMarked reports whether the claim is to have the mark.
func (o observation) isToBeMarked(v volume) bool {
	return o.deletesScaled() && (v.isMarked() || v.ordinal < o.cluster.Spec.DesiredReplicas() || o.pods[v.pod] != nil)
}

// settled reports whether the controller of the StatefulSet has seen that it keeps all claims. Before that it would undo what is done.
func (o observation) settled() bool {
	return o.statefulSet != nil && retention.Retains(o.statefulSet) && workload.Observed(o.statefulSet)
}

// retained returns the claim as spec.storage.retention wants it, or nil if it is so.
func (o observation) retained(v volume) *corev1.PersistentVolumeClaim {
	claim := clusters.Claim{PersistentVolumeClaim: v.claim, Pod: v.pod, Ordinal: v.ordinal}
	tied, mark := o.settled() && retention.Tied(o.cluster, claim), o.isToBeMarked(v)
	if v.claim.DeletionTimestamp != nil || !tied && mark == v.isMarked() {
		return nil
	}
	changed := v.claim.DeepCopy()
	if tied {
		changed.OwnerReferences = retention.Untied(o.cluster, claim)
	}
	if mark {
		metav1.SetMetaDataAnnotation(&changed.ObjectMeta, scaledAnnotation, scaledDelete)
	} else {
		delete(changed.Annotations, scaledAnnotation)
	}
	return changed
}

// retain writes what the claims say of spec.storage.retention.
func (r *Reconciler) retain(ctx context.Context, observed *observation) error {
	if observed.cluster.Spec.Paused {
		return nil
	}
	var failed []error
	for i, v := range observed.volumes {
		changed := observed.retained(v)
		if changed == nil {
			continue
		}
		err := r.Client.Patch(ctx, changed, client.MergeFromWithOptions(v.claim, client.MergeFromWithOptimisticLock{}))
		switch {
		case err == nil:
			observed.volumes[i].claim = changed
		case apierrors.IsConflict(err):
			// The cache is about to get the newer claim, which starts another pass.
		case client.IgnoreNotFound(err) != nil:
			failed = append(failed, fmt.Errorf("writing spec.storage.retention into claim %s: %w", v.claim.Name, err))
		}
	}
	return errors.Join(failed...)
}

// scaledAway returns the volumes whose pods a lower number has removed, and that go with them.
func (o observation) scaledAway() []volume {
	desired := o.cluster.Spec.DesiredReplicas()
	if !o.deletesScaled() || o.cluster.Spec.Paused || o.cluster.DeletionTimestamp != nil || !o.settled() ||
		o.statefulSet.Spec.Replicas == nil || *o.statefulSet.Spec.Replicas != desired {
		return nil
	}
	var found []volume
	for _, v := range o.volumes {
		if v.ordinal >= desired && v.isMarked() && v.claim.DeletionTimestamp == nil && o.pods[v.pod] == nil {
			found = append(found, v)
		}
	}
	return found
}

// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=delete

// deleteScaled deletes the claims of pods that a lower number has removed. The caches may hold what was before the newest edit, so the
// API server is asked for everything again, and a claim is deleted only as it was seen.
func (r *Reconciler) deleteScaled(ctx context.Context, name types.NamespacedName) error {
	observed, err := r.observe(ctx, r.Live, ownership.Of, name)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	for _, v := range observed.scaledAway() {
		err := r.Client.Delete(ctx, v.claim, client.Preconditions{UID: &v.claim.UID, ResourceVersion: &v.claim.ResourceVersion})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("deleting claim %s, as spec.storage.retention.whenScaled says: %w", v.claim.Name, err)
		}
		what := "is deleted with its volume"
		if v.stays() {
			what = fmt.Sprintf("is deleted, and its volume %s stays (persistentVolumeReclaimPolicy Retain)", volumeName(v.claim))
		}
		r.Events.Eventf(observed.cluster, v.claim, corev1.EventTypeNormal, v1alpha1.ReasonVolumeDeleted, "Scale",
			"claim %s %s, because replicas is %d and spec.storage.retention.whenScaled is Delete",
			v.claim.Name, what, observed.cluster.Spec.DesiredReplicas())
	}
	return nil
}
