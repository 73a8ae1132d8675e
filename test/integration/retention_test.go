package integration

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// waitClaims waits until the BarqCluster has these claims and no others.
func waitClaims(t *testing.T, cluster *v1alpha1.BarqCluster, names ...string) {
	t.Helper()
	eventually(t, func() string {
		if have := slices.Sorted(maps.Keys(claims(t, cluster))); !slices.Equal(have, names) {
			return "claims " + strings.Join(have, ", ")
		}
		return ""
	})
}

// Volumes are deleted where the spec says so, and a database that sleeps keeps its
// own whatever it says.
func TestRetention(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 3, storage: {retention: {whenDeleted: Delete, whenScaled: Delete}}}`)
	waitReady(t, cluster)
	waitClaims(t, cluster, "data-db-0", "data-db-1", "data-db-2")

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
	waitReady(t, cluster)
	waitClaims(t, cluster, "data-db-0", "data-db-1")
	before := claims(t, cluster)["data-db-0"].UID

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](0) })
	waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)
	waitClaims(t, cluster, "data-db-0", "data-db-1")
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
	waitReady(t, cluster)
	require.Equal(t, before, claims(t, cluster)["data-db-0"].UID)

	require.NoError(t, admin.Delete(t.Context(), cluster.DeepCopy()))
	gone(t, cluster.DeepCopy())
	waitClaims(t, cluster)
}
