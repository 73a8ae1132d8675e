package release

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
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
	found, _, err := cachedRecords(t.Context(), newSecretMetadata(all...), types.NamespacedName{Namespace: "team", Name: "vectors"})
	require.NoError(t, err)
	require.Equal(t, storedVersions{"sh.helm.release.v1.vectors.v1": "5", "sh.helm.release.v1.vectors.v2": "5"}, found)
	require.Equal(t, "sh.helm.release.v1.vectors.v1@5,sh.helm.release.v1.vectors.v2@5,", found.String())
}

func TestWritesAreKnownBeforeTheCacheShowsThem(t *testing.T) {
	now := clocktesting.NewFakeClock(began)
	writes := newOwnWrites(now)
	writes.note("one", map[string]string{"v1": "10"})
	require.Equal(t, storedVersions{"v1": "10"}, writes.onto("one", storedVersions{}))
	require.Equal(t, storedVersions{}, writes.onto("two", storedVersions{}), "another BarqCluster")

	writes.note("one", map[string]string{"v1": "", "v2": "12"})
	require.Equal(t, storedVersions{"v2": "12"}, writes.onto("one", storedVersions{"v1": "10"}))
	require.Equal(t, storedVersions{"v2": "12"}, writes.onto("one", storedVersions{"v2": "9"}), "the cache lags")
	require.Equal(t, storedVersions{"v2": "100"}, writes.onto("one", storedVersions{"v2": "100"}), "somebody wrote later")
	require.Equal(t, storedVersions{}, writes.onto("one", storedVersions{}), "and deleted it")

	writes.note("one", map[string]string{"v3": "20"})
	now.Step(writesAwaited + time.Second)
	require.Equal(t, storedVersions{}, writes.onto("one", storedVersions{}), "the cache is right in the end")
	writes.note("one", map[string]string{"v3": "20"})
	writes.forget("one")
	require.Equal(t, storedVersions{}, writes.onto("one", storedVersions{}))
}
