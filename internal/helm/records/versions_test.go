package records

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

func TestSecretsOfARelease(t *testing.T) {
	var all []client.Object
	for namespace, names := range map[string][]string{
		"team":  {"sh.helm.release.v1.vectors.v1", "sh.helm.release.v1.vectors.v2", "sh.helm.release.v1.vectors2.v1", "vectors", "sh.helm.release.v1.vectors.v1.v1"},
		"other": {"sh.helm.release.v1.vectors.v7"},
	} {
		for _, name := range names {
			all = append(all, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, ResourceVersion: "5"}})
		}
	}
	secrets := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(all...).WithIndex(&corev1.Secret{}, Index, ReleaseOf).Build()
	found, _, err := Cached(t.Context(), secrets, types.NamespacedName{Namespace: "team", Name: "vectors"})
	require.NoError(t, err)
	require.Equal(t, Versions{"sh.helm.release.v1.vectors.v1": "5", "sh.helm.release.v1.vectors.v2": "5"}, found)
	require.Equal(t, "sh.helm.release.v1.vectors.v1@5,sh.helm.release.v1.vectors.v2@5,", found.String())
}

func TestWritesAreKnownBeforeTheCacheShowsThem(t *testing.T) {
	now := clocktesting.NewFakeClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	writes := NewWrites(now)
	writes.Note("one", map[string]string{"v1": "10"})
	require.Equal(t, Versions{"v1": "10"}, writes.Onto("one", Versions{}))
	require.Equal(t, Versions{}, writes.Onto("two", Versions{}), "another BarqCluster")

	writes.Note("one", map[string]string{"v1": "", "v2": "12"})
	require.Equal(t, Versions{"v2": "12"}, writes.Onto("one", Versions{"v1": "10"}))
	require.Equal(t, Versions{"v2": "12"}, writes.Onto("one", Versions{"v2": "9"}), "the cache lags")
	require.Equal(t, Versions{"v2": "100"}, writes.Onto("one", Versions{"v2": "100"}), "another writer wrote later")
	require.Equal(t, Versions{}, writes.Onto("one", Versions{}), "and deleted it")

	writes.Note("one", map[string]string{"v3": "20"})
	now.Step(writesAwaited + time.Second)
	require.Equal(t, Versions{}, writes.Onto("one", Versions{}), "the cache is right in the end")
	writes.Note("one", map[string]string{"v3": "20"})
	writes.Forget("one")
	require.Equal(t, Versions{}, writes.Onto("one", Versions{}))
}
