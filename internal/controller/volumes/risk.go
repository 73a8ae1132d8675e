package volumes

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// risks says of each volume that a pod uses and that goes what is to be done before the pod stops.
func (o observation) risks() []string {
	var found []string
	for _, v := range o.volumes {
		switch {
		case !v.goes() || !o.uses(v):
		case v.claim.DeletionTimestamp != nil && v.stays():
			found = append(found, fmt.Sprintf("claim %s is being deleted, and pod %s begins without data when it starts again: the volume %s stays "+
				"(persistentVolumeReclaimPolicy Retain); the operator restarts this pod only for a change of the spec", v.claim.Name, v.pod, volumeName(v.claim)))
		case v.claim.DeletionTimestamp != nil:
			found = append(found, fmt.Sprintf("claim %s is being deleted, and goes with its data when pod %s stops: copy the data first; "+
				"the operator restarts this pod only for a change of the spec", v.claim.Name, v.pod))
		default:
			found = append(found, fmt.Sprintf("claim %s has lost its volume %s, and pod %s cannot start again: copy the data that it still answers with; "+
				"the operator restarts this pod only for a change of the spec", v.claim.Name, volumeName(v.claim), v.pod))
		}
	}
	return found
}

// uses tells whether a pod runs, or is to run, with the volume. The StatefulSet makes a pod that stops again, on a new volume
// if the claim is gone by then.
func (o observation) uses(v volume) bool {
	pod := o.pods[v.pod]
	return pod != nil && pod.DeletionTimestamp == nil
}

func volumeName(claim *corev1.PersistentVolumeClaim) string {
	if claim.Spec.VolumeName == "" {
		return "(unnamed)"
	}
	return claim.Spec.VolumeName
}
