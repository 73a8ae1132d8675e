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

// Claim is the volume claim of one of a BarqCluster's pods.
type Claim struct {
	*corev1.PersistentVolumeClaim
	// Pod is the name of the pod, which need not exist.
	Pod     string
	Ordinal int32
}

// VolumeStaysAnnotation of a claim has the claim's UID if its volume was told to stay when the claim goes. On a copy of the claim, which has
// another UID, it says nothing.
const VolumeStaysAnnotation = "barq.db/volume-retained"

// VolumeStays reports whether the volume of a claim was told to stay when the claim goes.
func VolumeStays(claim *corev1.PersistentVolumeClaim) bool {
	return claim.UID != "" && claim.Annotations[VolumeStaysAnnotation] == string(claim.UID)
}

// ClaimName returns how a StatefulSet names the claims of a template that the chart names data.
func ClaimName(pod string) string { return "data-" + pod }

// Claims reads the claims of the BarqCluster's pods, also of pods that are gone, by the number of the pod. lookup is for the
// reader. They are not to be written to: the cache has the same.
func Claims(ctx context.Context, reader client.Reader, lookup ownership.Lookup, cluster *v1alpha1.BarqCluster) ([]Claim, error) {
	var list corev1.PersistentVolumeClaimList
	if err := reader.List(ctx, &list, append(lookup(cluster), client.UnsafeDisableDeepCopy)...); err != nil {
		return nil, fmt.Errorf("listing volume claims: %w", err)
	}
	return ClaimsOf(cluster, list.Items), nil
}

// ClaimsOf returns those of the claims that are of the BarqCluster's pods. A claim of another name belongs to others, even with
// the same labels: a copy that was restored from a backup, for instance.
func ClaimsOf(cluster *v1alpha1.BarqCluster, claims []corev1.PersistentVolumeClaim) []Claim {
	var found []Claim
	prefix := ClaimName(cluster.Name + "-")
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
		if pod := workload.PodName(cluster.Name, ordinal); claim.Name == ClaimName(pod) {
			found = append(found, Claim{PersistentVolumeClaim: claim, Pod: pod, Ordinal: ordinal})
		}
	}
	slices.SortFunc(found, func(a, b Claim) int { return int(a.Ordinal - b.Ordinal) })
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
