package status

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

func TestWritesAreAheadOfTheCache(t *testing.T) {
	cached := func(resourceVersion string) *v1alpha1.BarqCluster {
		cluster := &v1alpha1.BarqCluster{}
		cluster.Namespace, cluster.Name, cluster.ResourceVersion = "team", "vectors", resourceVersion
		return cluster
	}
	written := &writes{}
	require.False(t, written.isAheadOf(cached("9")), "nothing was written")
	written.remember(cached("10"))
	require.True(t, written.isAheadOf(cached("9")))
	require.False(t, written.isAheadOf(cached("10")))
	require.False(t, written.isAheadOf(cached("11")))
	require.False(t, written.isAheadOf(cached("opaque")), "a status that is told twice is better than none")
	written.forget(types.NamespacedName{Namespace: "team", Name: "vectors"})
	require.False(t, written.isAheadOf(cached("9")))
}
