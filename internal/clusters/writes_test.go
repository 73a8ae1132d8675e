package clusters

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

func TestWritesAreAheadOfTheCache(t *testing.T) {
	cached := func(resourceVersion string) *v1alpha1.BarqCluster {
		cluster := &v1alpha1.BarqCluster{}
		cluster.Namespace, cluster.Name, cluster.ResourceVersion = "team", "vectors", resourceVersion
		return cluster
	}
	written := &Writes{}
	require.False(t, written.AheadOf(cached("9")), "nothing was written")
	written.Remember(cached("10"))
	require.True(t, written.AheadOf(cached("9")))
	require.False(t, written.AheadOf(cached("10")))
	require.False(t, written.AheadOf(cached("11")))
	require.False(t, written.AheadOf(cached("opaque")), "a status that is told twice is better than none")
	written.Forget(types.NamespacedName{Namespace: "team", Name: "vectors"})
	require.False(t, written.AheadOf(cached("9")))
}

func TestProgressWaitsForWhatComesOfIt(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cluster := &v1alpha1.BarqCluster{}
	written := &Writes{}
	require.Equal(t, Window, written.ProgressIn(cluster, now))
	require.Equal(t, Window/2, written.ProgressIn(cluster, now.Add(Window/2)), "more of it does not wait longer")
	require.Zero(t, written.ProgressIn(cluster, now.Add(Window)))
	written.Settled(client.ObjectKeyFromObject(cluster))

	for _, ends := range []func(){
		func() { written.Remember(cluster) },
		func() { written.Forget(client.ObjectKeyFromObject(cluster)) },
		func() { written.Settled(client.ObjectKeyFromObject(cluster)) },
	} {
		now = now.Add(time.Hour)
		require.Equal(t, Window, written.ProgressIn(cluster, now))
		ends()
	}
	require.Empty(t, written.progress)
}
