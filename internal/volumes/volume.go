package volumes

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// volume is a claim that the StatefulSet made for one of its pods.
type volume struct {
	claim *corev1.PersistentVolumeClaim
	// pod is the name of the pod, which need not exist.
	pod     string
	ordinal int32
}

// podName is how a StatefulSet names its pods.
func podName(cluster *v1alpha1.BarqCluster, ordinal int32) string {
	return cluster.Name + "-" + strconv.Itoa(int(ordinal))
}

// claimName is how a StatefulSet names the claims of a template that the chart
// names data.
func claimName(pod string) string { return "data-" + pod }

// volumesOf finds the claims of the BarqCluster's pods, also of pods that are gone,
// by the number of the pod. A claim of another name is somebody else's, even with
// the same labels: a copy that was restored from a backup, for instance.
func volumesOf(cluster *v1alpha1.BarqCluster, claims []corev1.PersistentVolumeClaim) []volume {
	var found []volume
	prefix := claimName(cluster.Name + "-")
	for i := range claims {
		claim := &claims[i]
		number, ok := strings.CutPrefix(claim.Name, prefix)
		if !ok {
			continue
		}
		parsed, err := strconv.ParseInt(number, 10, 32)
		if err != nil || parsed < 0 {
			continue
		}
		ordinal := int32(parsed)
		// A number with leading zeros is no pod's.
		if pod := podName(cluster, ordinal); claim.Name == claimName(pod) {
			found = append(found, volume{claim: claim, pod: pod, ordinal: ordinal})
		}
	}
	slices.SortFunc(found, func(a, b volume) int { return int(a.ordinal - b.ordinal) })
	return found
}

// usable tells whether there is a volume that is to stay.
func (v volume) usable() bool {
	return v.claim.DeletionTimestamp == nil && v.claim.Status.Phase == corev1.ClaimBound
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
