package volumes

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// volume is a claim that the StatefulSet made for one of its pods.
type volume struct {
	claim *corev1.PersistentVolumeClaim
	// pod is the name of the pod, which need not exist.
	pod     string
	ordinal int32
}

// usable tells whether there is a volume that is to stay.
func (v volume) usable() bool {
	return v.claim.DeletionTimestamp == nil && v.claim.Status.Phase == corev1.ClaimBound
}

// goes reports whether the claim goes as soon as no pod uses it, or its volume is gone.
func (v volume) goes() bool {
	return v.claim.DeletionTimestamp != nil || v.claim.Status.Phase == corev1.ClaimLost
}

// has is the size of the file system.
func (v volume) has() resource.Quantity { return v.claim.Status.Capacity[corev1.ResourceStorage] }

// asksFor is the size that the claim asks for.
func (v volume) asksFor() resource.Quantity {
	return v.claim.Spec.Resources.Requests[corev1.ResourceStorage]
}

// condition gives the claim's condition if it is True.
func (v volume) condition(name corev1.PersistentVolumeClaimConditionType) *corev1.PersistentVolumeClaimCondition {
	for i := range v.claim.Status.Conditions {
		condition := &v.claim.Status.Conditions[i]
		if condition.Type == name && condition.Status == corev1.ConditionTrue {
			return condition
		}
	}
	return nil
}

// resize is how far Kubernetes says that a resize is; empty when there is none.
func (v volume) resize() corev1.ClaimResourceStatus {
	return v.claim.Status.AllocatedResourceStatuses[corev1.ResourceStorage]
}
