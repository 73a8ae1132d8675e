package volumes

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// needsResize tells whether the claim's request has to change to reach the size.
//
// A bound claim that asks for less is grown. One that asks for more is taken back
// only when its volume never grew beyond the size: Kubernetes allows a request
// to go down as long as it stays above what the volume has
// (RecoverVolumeExpansionFailure, on by default since 1.32). A volume that is
// larger than the size stays as it is, because volumes cannot shrink.
func needsResize(claim *corev1.PersistentVolumeClaim, size resource.Quantity) bool {
	if claim.DeletionTimestamp != nil || claim.Status.Phase != corev1.ClaimBound {
		return false
	}
	request := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	capacity := claim.Status.Capacity[corev1.ResourceStorage]
	switch request.Cmp(size) {
	case -1:
		return true
	case 1:
		return capacity.Cmp(size) < 0 && capacity.Cmp(request) < 0
	default:
		return false
	}
}
