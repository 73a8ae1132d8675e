package pvcs

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/barq-db/barq-operator/internal/clusters"
)

// PVC is a PersistentVolumeClaim that the StatefulSet created for one of its pods.
type PVC struct {
	clusters.PVC
}

// IsBound reports whether the PVC has, or had, a volume.
func (p PVC) IsBound() bool {
	return p.Spec.VolumeName != "" || p.Status.Phase == corev1.ClaimBound || p.Status.Phase == corev1.ClaimLost
}

// Goes reports whether the PVC is deleted as soon as no pod uses it, or its volume is gone.
func (p PVC) Goes() bool {
	return p.DeletionTimestamp != nil || p.Status.Phase == corev1.ClaimLost
}

// VolumeStays reports whether the PVC says that its volume was set to stay.
func (p PVC) VolumeStays() bool { return clusters.VolumeStays(p.PersistentVolumeClaim) }

// Has returns the size of the file system.
func (p PVC) Has() resource.Quantity { return p.Status.Capacity[corev1.ResourceStorage] }

// AsksFor returns the size that the PVC asks for.
func (p PVC) AsksFor() resource.Quantity {
	return p.Spec.Resources.Requests[corev1.ResourceStorage]
}

// Condition returns the PVC's condition if it is True, else nil.
func (p PVC) Condition(name corev1.PersistentVolumeClaimConditionType) *corev1.PersistentVolumeClaimCondition {
	for i := range p.Status.Conditions {
		condition := &p.Status.Conditions[i]
		if condition.Type == name && condition.Status == corev1.ConditionTrue {
			return condition
		}
	}
	return nil
}

// VolumeName returns the name of the volume, for a message.
func (p PVC) VolumeName() string {
	if p.Spec.VolumeName == "" {
		return "(unnamed)"
	}
	return p.Spec.VolumeName
}
