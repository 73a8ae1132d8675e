package growth

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/internal/pvcs"
)

// requestedAnnotation holds the size that the operator last asked for at a PVC.
const requestedAnnotation = "barq.db/requested-size"

// Request returns the size that the PVC should ask for, and whether it asks for another one now.
//
// A volume that has the size is left alone, whatever its PVC asks for, because the storage has nothing
// to refuse. A request that is too large is lowered only if the operator made it: a person may have
// grown a PVC for a good reason. It is also lowered only while the volume itself has not grown.
func Request(pvc pvcs.PVC, size resource.Quantity) (resource.Quantity, bool) {
	has, asks := pvc.Has(), pvc.AsksFor()
	if !isUsable(pvc) || asks.Cmp(size) == 0 {
		return size, false
	}
	if asks.Cmp(size) < 0 {
		return size, has.Cmp(size) < 0
	}

	least := has.DeepCopy()
	least.Add(pvcs.LeastGrowth)
	if size.Cmp(least) < 0 {
		size = least
	}
	return size, asks.Cmp(size) > 0 && isAskedByOperator(pvc) && !hasGrown(pvc)
}

// Requesting returns a copy of the PVC that asks for the size.
func Requesting(pvc *corev1.PersistentVolumeClaim, size resource.Quantity) *corev1.PersistentVolumeClaim {
	changed := pvc.DeepCopy()
	changed.Spec.Resources.Requests[corev1.ResourceStorage] = size
	metav1.SetMetaDataAnnotation(&changed.ObjectMeta, requestedAnnotation, size.String())
	return changed
}

// isUsable reports whether there is a volume that stays.
func isUsable(pvc pvcs.PVC) bool {
	return pvc.DeletionTimestamp == nil && pvc.Status.Phase == corev1.ClaimBound
}

// isAskedByOperator reports whether the operator made the PVC's current request.
func isAskedByOperator(pvc pvcs.PVC) bool {
	noted, err := resource.ParseQuantity(pvc.Annotations[requestedAnnotation])
	return err == nil && noted.Cmp(pvc.AsksFor()) == 0
}

// hasGrown reports whether only the file system still has to grow, which cannot be taken back. A
// volume that the node can never grow does not count, so that its request may be lowered.
func hasGrown(pvc pvcs.PVC) bool {
	return pvc.Condition(corev1.PersistentVolumeClaimFileSystemResizePending) != nil &&
		resizeStatus(pvc) != corev1.PersistentVolumeClaimNodeResizeInfeasible
}

// resizeStatus returns the status of a resize as Kubernetes reports it; empty without a resize.
func resizeStatus(pvc pvcs.PVC) corev1.ClaimResourceStatus {
	return pvc.Status.AllocatedResourceStatuses[corev1.ResourceStorage]
}
