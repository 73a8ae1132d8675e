package retention

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/pvcs"
)

// KeepsVolumes reports whether volumes are to stay after their PVCs are deleted.
func KeepsVolumes(cluster *v1alpha1.BarqCluster) bool {
	return cluster.Spec.Storage.Retention.Reclaim == v1alpha1.ReclaimRetain
}

// errOtherVolume is the error for a volume that does not name the PVC.
var errOtherVolume = errors.New("it is bound to another PVC")

// A PersistentVolume has no namespace, so an operator that is limited to namespaces may neither read
// nor change one.
// +kubebuilder:rbac:groups="",resources=persistentvolumes,verbs=get;patch
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=patch

// KeepVolume sets the reclaim policy of the PVC's volume, and returns the PVC with the note of it.
// KeepVolume trusts the PVC's volume name only if the volume names the PVC too: users may write PVCs,
// and only Kubernetes binds volumes. live reads from the API server itself.
func KeepVolume(ctx context.Context, live client.Reader, writer client.Writer, pvc *corev1.PersistentVolumeClaim) (*corev1.PersistentVolumeClaim, error) {
	stored := &corev1.PersistentVolume{}
	if err := live.Get(ctx, client.ObjectKey{Name: pvc.Spec.VolumeName}, stored); err != nil {
		return nil, err
	}
	if of := stored.Spec.ClaimRef; of == nil || of.Namespace != pvc.Namespace || of.Name != pvc.Name || of.UID != pvc.UID {
		return nil, errOtherVolume
	}
	if stored.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimRetain {
		kept := stored.DeepCopy()
		kept.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimRetain
		if err := writer.Patch(ctx, kept, client.MergeFromWithOptions(stored, client.MergeFromWithOptimisticLock{})); err != nil {
			return nil, err
		}
	}
	noted := pvc.DeepCopy()
	metav1.SetMetaDataAnnotation(&noted.ObjectMeta, clusters.VolumeStaysAnnotation, string(pvc.UID))
	return noted, writer.Patch(ctx, noted, client.MergeFromWithOptions(pvc, client.MergeFromWithOptimisticLock{}))
}

// IsKeepRefused reports whether KeepVolume would return the same error again.
func IsKeepRefused(err error) bool {
	return pvcs.IsRefusal(err) || apierrors.IsNotFound(err) || errors.Is(err, errOtherVolume)
}

// Condition returns status, reason and message of the condition VolumesRetained: whether volumes stay
// after their PVCs are deleted. It is nil while the spec does not ask for that.
func Condition(o pvcs.Observation) *metav1.Condition {
	if !KeepsVolumes(o.Cluster) {
		return nil
	}
	var refused, waiting []string
	kept := 0
	for _, pvc := range o.PVCs {
		refusal, isRefused := o.RetainRefusals[pvc.UID]
		switch {
		case pvc.VolumeStays():
			kept++
		case isRefused:
			refused = append(refused, fmt.Sprintf("volume %s of PVC %s is deleted with the PVC: %s",
				pvc.VolumeName(), pvc.Name, pvcs.Excerpt(refusal.Message)))
		case pvc.Status.Phase == corev1.ClaimBound:
			waiting = append(waiting, fmt.Sprintf("the volume of PVC %s is not kept yet", pvc.Name))
		}
	}
	if o.Cluster.Spec.Tiering.HotPath != v1alpha1.HotPathEphemeralStorage {
		waiting = append(waiting, o.Missing()...)
	}
	condition := &metav1.Condition{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNoVolumes, Message: pvcs.List(waiting)}
	switch {
	case len(refused) > 0:
		condition.Status, condition.Reason = metav1.ConditionFalse, v1alpha1.ReasonRetainRefused
		condition.Message = pvcs.List(refused) + "; an administrator can set persistentVolumeReclaimPolicy of these PersistentVolumes to Retain, " +
			"or let the operator get and patch persistentvolumes"
	case len(waiting) > 0 && o.Cluster.Spec.Paused:
		condition.Message += "; the operator changes nothing until spec.paused is false"
	case len(waiting) > 0:
	case kept == 0:
		condition.Message = "there is no volume"
	default:
		condition.Status, condition.Reason = metav1.ConditionTrue, v1alpha1.ReasonRetainSet
		condition.Message = fmt.Sprintf("each volume stays when its PVC is deleted (persistentVolumeReclaimPolicy Retain): %d", kept)
	}
	return condition
}
