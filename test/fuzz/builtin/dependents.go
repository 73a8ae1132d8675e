package builtin

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/apis/apps"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolumeclaim"
	"k8s.io/kubernetes/pkg/registry/core/pod"
)

// createDependents makes the first pod of a StatefulSet, and its PVCs, as the controller does.
func createDependents(set *apps.StatefulSet) error {
	name := set.Name + "-0"
	first := &core.Pod{ObjectMeta: *set.Spec.Template.ObjectMeta.DeepCopy(), Spec: *set.Spec.Template.Spec.DeepCopy()}
	first.Name, first.Namespace = name, set.Namespace
	first.Labels = maps.Clone(first.Labels)
	// The hash of a template has at most ten letters and digits.
	first.Labels["controller-revision-hash"] = set.Name + "-0123456789"
	first.Labels["statefulset.kubernetes.io/pod-name"] = name
	first.Labels["apps.kubernetes.io/pod-index"] = "0"
	for i := range set.Spec.VolumeClaimTemplates {
		pvc := set.Spec.VolumeClaimTemplates[i].DeepCopy()
		volume := pvc.Name
		pvc.Name, pvc.Namespace = volume+"-"+name, set.Namespace
		if err := create(set.Namespace, pvc, corev1.SchemeGroupVersion, persistentvolumeclaim.Strategy); err != nil {
			return fmt.Errorf("PVC of pod 0: %w", err)
		}
		first.Spec.Volumes = append(first.Spec.Volumes, core.Volume{Name: volume, VolumeSource: core.VolumeSource{
			PersistentVolumeClaim: &core.PersistentVolumeClaimVolumeSource{ClaimName: pvc.Name},
		}})
	}
	if err := create(set.Namespace, first, corev1.SchemeGroupVersion, pod.Strategy); err != nil {
		return fmt.Errorf("pod 0: %w", err)
	}
	return nil
}
