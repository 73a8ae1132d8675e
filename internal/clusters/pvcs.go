package clusters

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/translate"
	"github.com/barq-db/barq-operator/internal/workload"
)

// PVC is the PersistentVolumeClaim of one of a BarqCluster's pods.
type PVC struct {
	*corev1.PersistentVolumeClaim
	// Pod is the name of the pod, which may not exist.
	Pod     string
	Ordinal int32
}

// VolumeStaysAnnotation of a PVC has the PVC's UID if its volume was set to stay after the PVC is
// deleted. On a copy of the PVC, which has another UID, the annotation does not count.
const VolumeStaysAnnotation = "barq.db/volume-retained"

// VolumeStays reports whether the volume of a PVC was set to stay after the PVC is deleted.
func VolumeStays(pvc *corev1.PersistentVolumeClaim) bool {
	return pvc.UID != "" && pvc.Annotations[VolumeStaysAnnotation] == string(pvc.UID)
}

// PVCName returns the name that a StatefulSet gives to a pod's PVC, for the chart's template named
// data.
func PVCName(pod string) string { return "data-" + pod }

// PVCs reads the PVCs of the BarqCluster's pods, including pods that are gone, in the order of the
// pods' numbers. lookup fits the reader. The caller must not change them, because the cache shares
// them.
func PVCs(ctx context.Context, reader client.Reader, lookup ownership.Lookup, cluster *v1alpha1.BarqCluster) ([]PVC, error) {
	var list corev1.PersistentVolumeClaimList
	if err := reader.List(ctx, &list, append(lookup(cluster), client.UnsafeDisableDeepCopy)...); err != nil {
		return nil, fmt.Errorf("listing PVCs: %w", err)
	}
	return PVCsOf(cluster, list.Items), nil
}

// PVCsOf returns the PVCs that belong to the BarqCluster's pods. A PVC of another name does not,
// even with the same labels: it may be a copy that was restored from a backup.
func PVCsOf(cluster *v1alpha1.BarqCluster, pvcs []corev1.PersistentVolumeClaim) []PVC {
	var found []PVC
	prefix := PVCName(cluster.Name + "-")
	for i := range pvcs {
		pvc := &pvcs[i]
		number, ok := strings.CutPrefix(pvc.Name, prefix)
		if !ok {
			continue
		}
		parsed, err := strconv.ParseInt(number, 10, 32)
		if err != nil || parsed < 0 {
			continue
		}
		ordinal := int32(parsed)
		// No pod has a number with leading zeros.
		if pod := workload.PodName(cluster.Name, ordinal); pvc.Name == PVCName(pod) {
			found = append(found, PVC{PersistentVolumeClaim: pvc, Pod: pod, Ordinal: ordinal})
		}
	}
	slices.SortFunc(found, func(a, b PVC) int { return int(a.Ordinal - b.Ordinal) })
	return found
}

// Template returns what the StatefulSet's volume claim template asks for, or nil if it has none.
func Template(statefulSet *appsv1.StatefulSet) *translate.Template {
	for _, template := range statefulSet.Spec.VolumeClaimTemplates {
		size, ok := template.Spec.Resources.Requests[corev1.ResourceStorage]
		if !ok {
			continue
		}
		found := &translate.Template{Size: size.DeepCopy(), StorageClassName: ptr.Deref(template.Spec.StorageClassName, "")}
		if len(template.Spec.AccessModes) > 0 {
			found.AccessMode = string(template.Spec.AccessModes[0])
		}
		return found
	}
	return nil
}
