package integration

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// A protected BarqCluster is not deleted by any way there is, until it is not
// protected any more.
func TestDeletionProtection(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{deletionProtection: true}`)
	t.Cleanup(func() {
		// Or the namespace would stay.
		unprotected := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"deletionProtection":false}}`))
		_ = admin.Patch(context.Background(), cluster.DeepCopy(), unprotected)
	})
	waitReady(t, cluster)
	before := identities(t, cluster)

	const message = `BarqCluster db is protected: spec.deletionProtection is true; set it to false before you delete it`
	for name, err := range map[string]error{
		"delete":            admin.Delete(t.Context(), cluster.DeepCopy()),
		"in the foreground": admin.Delete(t.Context(), cluster.DeepCopy(), client.PropagationPolicy("Foreground")),
		"orphaning":         admin.Delete(t.Context(), cluster.DeepCopy(), client.PropagationPolicy("Orphan")),
		"all":               admin.DeleteAllOf(t.Context(), &v1alpha1.BarqCluster{}, client.InNamespace(namespace)),
	} {
		require.True(t, apierrors.IsForbidden(err), "%s: %v", name, err)
		require.ErrorContains(t, err, message, name)
	}
	for _, command := range [][]string{
		{"delete", "bqc/db"},
		{"delete", "bqc", "--all"},
		{"delete", "bqc/db", "--force", "--grace-period=0"},
	} {
		require.Contains(t, refused(t, kubectl(append([]string{"-n", namespace}, command...)...)), message, command)
	}
	waitReady(t, cluster)
	require.Nil(t, cluster.DeletionTimestamp)
	require.Equal(t, before, identities(t, cluster))

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.DeletionProtection = false })
	require.NoError(t, admin.Delete(t.Context(), cluster))
	gone(t, cluster)
}
