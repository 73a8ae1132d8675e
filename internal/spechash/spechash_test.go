package spechash_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/spechash"
)

// The hash changes with everything that is applied, and only with that.
func TestOf(t *testing.T) {
	spec := func(changes ...func(*v1alpha1.BarqClusterSpec)) string {
		spec := &v1alpha1.BarqClusterSpec{
			Replicas: ptr.To[int32](1), Storage: v1alpha1.StorageSpec{Size: ptr.To(resource.MustParse("1Gi"))},
			PodLabels: v1alpha1.Labels{"a": "1", "b": "2", "c": "3"},
		}
		for _, change := range changes {
			change(spec)
		}
		sum, err := spechash.Of(spec)
		require.NoError(t, err)
		require.Len(t, sum, 64)
		return sum
	}
	for name, change := range map[string]func(*v1alpha1.BarqClusterSpec){
		"paused":             func(s *v1alpha1.BarqClusterSpec) { s.Paused = true },
		"deletionProtection": func(s *v1alpha1.BarqClusterSpec) { s.DeletionProtection = true },
		"progressDeadline":   func(s *v1alpha1.BarqClusterSpec) { s.ProgressDeadlineSeconds = ptr.To[int32](10) },
		"scaleDown":          func(s *v1alpha1.BarqClusterSpec) { s.Topology.ScaleDown = v1alpha1.ScaleDownAllow },
		"tiers that are off": func(s *v1alpha1.BarqClusterSpec) { s.Tiering.Warm = &v1alpha1.TierSpec{Bucket: "x"} },
		"the same size, written otherwise": func(s *v1alpha1.BarqClusterSpec) {
			s.Storage.Size = ptr.To(resource.MustParse("1024Mi"))
		},
	} {
		require.Equal(t, spec(), spec(change), name)
	}
	on := func(s *v1alpha1.BarqClusterSpec) {
		s.Tiering.Enabled, s.Tiering.Warm = true, &v1alpha1.TierSpec{Bucket: "x"}
	}
	sums := map[string]string{}
	for name, sum := range map[string]string{
		"as it was": spec(),
		"replicas":  spec(func(s *v1alpha1.BarqClusterSpec) { s.Replicas = ptr.To[int32](2) }),
		"size":      spec(func(s *v1alpha1.BarqClusterSpec) { s.Storage.Size = ptr.To(resource.MustParse("2Gi")) }),
		"labels":    spec(func(s *v1alpha1.BarqClusterSpec) { s.PodLabels["a"] = "2" }),
		"no spread": spec(func(s *v1alpha1.BarqClusterSpec) { s.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{} }),
		"tiers":     spec(on),
		"a bucket":  spec(on, func(s *v1alpha1.BarqClusterSpec) { s.Tiering.Warm.Bucket = "y" }),
	} {
		require.Empty(t, sums[sum], "%s has the sum of %s", name, sums[sum])
		sums[sum] = name
	}
}
