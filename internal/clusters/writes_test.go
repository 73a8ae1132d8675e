package clusters

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	delay, other := Delay{Least: 5 * time.Second}, Delay{Least: time.Second}
	require.Equal(t, delay.Least, written.ProgressIn(cluster, delay, now))
	require.Equal(t, delay.Least-time.Second, written.ProgressIn(cluster, delay, now.Add(time.Second)), "more of it does not wait longer")
	require.Zero(t, written.ProgressIn(cluster, delay, now.Add(delay.Least)))

	require.Equal(t, other.Least, written.ProgressIn(cluster, other, now.Add(delay.Least)), "other progress waits from now on")
	require.Zero(t, written.ProgressIn(cluster, other, now.Add(delay.Least+other.Least)))

	for _, ends := range []func(){
		func() { written.Remember(cluster) },
		func() { written.Forget(client.ObjectKeyFromObject(cluster)) },
		func() { written.Settled(client.ObjectKeyFromObject(cluster)) },
	} {
		now = now.Add(time.Hour)
		require.Equal(t, delay.Least, written.ProgressIn(cluster, delay, now))
		ends()
	}
	require.Empty(t, written.progress)
	require.Empty(t, written.crowd)
}

// What a thousand have to tell on the way is written no more often than what one has.
func TestProgressOfACrowdWaitsLonger(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	of := func(i int) *v1alpha1.BarqCluster {
		return &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("db-", i)}}
	}
	written := &Writes{}
	delay := Delay{Least: 10 * time.Second, Share: time.Second, Most: time.Minute}
	for i := range 11 {
		require.Equal(t, delay.Least, written.ProgressIn(of(i), delay, now))
	}
	for i := 11; i < 31; i++ {
		require.Equal(t, time.Duration(i)*time.Second, written.ProgressIn(of(i), delay, now))
	}
	require.Equal(t, 20*time.Second, written.ProgressIn(of(0), delay, now.Add(10*time.Second)), "it waits with those that came after it")
	require.Equal(t, time.Second, written.ProgressIn(of(100), Delay{Least: time.Second, Share: time.Minute, Most: time.Hour}, now), "another share is not of these")
	require.Equal(t, 31*time.Second, written.ProgressIn(of(31), Delay{Share: time.Second, Most: time.Hour}, now), "what else has the same share is")
	for i := 32; i < 100; i++ {
		written.ProgressIn(of(i), delay, now)
	}
	require.Equal(t, delay.Most, written.ProgressIn(of(0), delay, now))
	for i := 1; i < 100; i++ {
		written.Settled(client.ObjectKeyFromObject(of(i)))
	}
	require.Equal(t, delay.Least, written.ProgressIn(of(0), delay, now))
}
