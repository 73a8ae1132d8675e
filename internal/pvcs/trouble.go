package pvcs

import (
	"fmt"

	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/workload"
)

// Risks returns, for each volume that a pod uses and that is about to go, what to do before the pod
// stops.
func (o Observation) Risks() []string {
	var found []string
	for _, pvc := range o.PVCs {
		switch {
		case !pvc.Goes() || !o.isUsed(pvc):
		case pvc.DeletionTimestamp != nil && pvc.VolumeStays():
			found = append(found, fmt.Sprintf("PVC %s is being deleted, and pod %s begins without data when it starts again. The volume %s stays "+
				"(persistentVolumeReclaimPolicy Retain). The operator restarts this pod only for a change of the spec", pvc.Name, pvc.Pod, pvc.VolumeName()))
		case pvc.DeletionTimestamp != nil:
			found = append(found, fmt.Sprintf("PVC %s is being deleted, and Kubernetes deletes its data when pod %s stops: copy the data first. "+
				"The operator restarts this pod only for a change of the spec", pvc.Name, pvc.Pod))
		default:
			found = append(found, fmt.Sprintf("PVC %s has lost its volume %s, and pod %s cannot start again: copy the data that it still answers with. "+
				"The operator restarts this pod only for a change of the spec", pvc.Name, pvc.VolumeName(), pvc.Pod))
		}
	}
	return found
}

// Missing returns, for each desired pod without a volume, what it waits for.
func (o Observation) Missing() []string {
	byName := map[string]PVC{}
	for _, pvc := range o.PVCs {
		byName[pvc.Name] = pvc
	}
	var found []string
	for ordinal := range o.Cluster.Spec.DesiredReplicas() {
		name := clusters.PVCName(workload.PodName(o.Cluster.Name, ordinal))
		if pvc, ok := byName[name]; !ok {
			found = append(found, fmt.Sprintf("PVC %s does not exist yet", name))
		} else if pvc.Goes() && !o.isUsed(pvc) {
			// The PVC's size says nothing about the volume that the pod gets.
			text := fmt.Sprintf("PVC %s is being deleted, and Kubernetes then creates another one for pod %s", name, pvc.Pod)
			if pvc.DeletionTimestamp == nil {
				text = fmt.Sprintf("PVC %s has lost its volume %s", name, pvc.VolumeName())
			}
			found = append(found, text)
		} else if has := pvc.Has(); has.IsZero() {
			class := "its class is the default one, and there is none"
			if named := ptr.Deref(pvc.Spec.StorageClassName, ""); named != "" {
				class = "its class is " + named
			}
			found = append(found, fmt.Sprintf("PVC %s is not bound, %s%s", name, class, o.Warnings[pvc.UID]))
		}
	}
	return found
}
