package volumes

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

func TestVolumesOf(t *testing.T) {
	cluster := &v1alpha1.BarqCluster{}
	cluster.Name = "vectors"
	var claims []corev1.PersistentVolumeClaim
	for _, name := range []string{
		"data-vectors-10", "data-vectors-2", "data-vectors-0",
		"data-vectors-copy-0", "data-vectors-02", "data-vectors--1", "data-vectors-", "backup-vectors-1", "data-vectors-99999999999",
	} {
		claims = append(claims, *claimOf(name, "10Gi", "10Gi"))
	}
	require.Equal(t, []volume{
		{claim: &claims[2], pod: "vectors-0", ordinal: 0},
		{claim: &claims[1], pod: "vectors-2", ordinal: 2},
		{claim: &claims[0], pod: "vectors-10", ordinal: 10},
	}, volumesOf(cluster, claims))
}
