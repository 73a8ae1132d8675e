package pvcstest

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/internal/pvcs"
)

// Ask sets the size that a PVC asks for.
func Ask(pvc pvcs.PVC, size string) {
	pvc.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse(size)
}

// Give sets the size that a volume has.
func Give(pvc pvcs.PVC, size string) {
	pvc.Status.Capacity[corev1.ResourceStorage] = resource.MustParse(size)
}

// AwaitFileSystem sets the condition that Kubernetes sets after a volume has grown.
func AwaitFileSystem(pvc pvcs.PVC, since time.Time) {
	SetResizeStatus(pvc, corev1.PersistentVolumeClaimNodeResizePending)
	SetCondition(pvc, corev1.PersistentVolumeClaimFileSystemResizePending, "", since)
}

// SetResizeStatus sets the status of a resize, as Kubernetes reports it.
func SetResizeStatus(pvc pvcs.PVC, status corev1.ClaimResourceStatus) {
	pvc.Status.AllocatedResourceStatuses = map[corev1.ResourceName]corev1.ClaimResourceStatus{corev1.ResourceStorage: status}
}

// SetCondition adds a condition that is True.
func SetCondition(pvc pvcs.PVC, name corev1.PersistentVolumeClaimConditionType, message string, since time.Time) {
	pvc.Status.Conditions = append(pvc.Status.Conditions, corev1.PersistentVolumeClaimCondition{
		Type: name, Status: corev1.ConditionTrue, Message: message, LastTransitionTime: metav1.NewTime(since),
	})
}

// Delete marks the PVC as deleted; it goes when its pod stops.
func Delete(pvc pvcs.PVC) {
	pvc.DeletionTimestamp, pvc.Finalizers = &metav1.Time{Time: Now}, []string{"kubernetes.io/pvc-protection"}
}

// Lose takes the volume, pv-1, away from the PVC.
func Lose(pvc pvcs.PVC) {
	pvc.Spec.VolumeName, pvc.Status.Phase = "pv-1", corev1.ClaimLost
}

// Unready makes a pod stop answering.
func Unready(pod *corev1.Pod) { pod.Status.Conditions[0].Status = corev1.ConditionFalse }
