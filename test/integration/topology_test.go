package integration

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// In mode Independent a lower number takes data offline, so it is refused on every
// way there is, hibernation included, unless the spec allows it.
func TestIndependentDatabasesAreNotScaledDownByAccident(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 3, topology: {mode: Independent}}`)
	waitReady(t, cluster)
	before := identities(t, cluster)

	const message = `a lower number would take data offline, because every pod of topology.mode Independent has data of its own; ` +
		`keep the number, or set topology.scaleDown: Allow`
	requireCauses(t, []string{"spec.replicas: Invalid value: " + message}, retry.RetryOnConflict(retry.DefaultRetry, func() error {
		refresh(t, cluster)
		lower := cluster.DeepCopy()
		lower.Spec.Replicas = ptr.To[int32](2)
		return admin.Update(t.Context(), lower)
	}))
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"replicas":0}}`))
	requireCauses(t, []string{"spec.replicas: Invalid value: " + message}, admin.Patch(t.Context(), cluster.DeepCopy(), patch))
	require.Contains(t, refused(t, kubectl("-n", namespace, "scale", "bqc/db", "--replicas=2")), message)
	require.Contains(t, refused(t, kubectl("-n", namespace, "patch", "bqc/db", "--type=merge", "-p", `{"spec":{"replicas":2}}`)), message)
	require.Contains(t, refused(t, kubectl("-n", namespace, "patch", "bqc/db", "--type=merge", "-p", `{"spec":{"replicas":null}}`)), message)

	waitReady(t, cluster)
	require.Equal(t, before, identities(t, cluster))

	// More is always welcome, and who says that it is meant may lower it.
	output(t, kubectl("-n", namespace, "scale", "bqc/db", "--replicas=4"))
	waitReady(t, cluster)
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.Replicas, spec.Topology.ScaleDown = ptr.To[int32](1), v1alpha1.ScaleDownAllow
	})
	waitReady(t, cluster)
	require.Equal(t, int32(1), cluster.Status.Replicas)
	require.Equal(t, []string{"data-db-0", "data-db-1", "data-db-2", "data-db-3"}, slices.Sorted(maps.Keys(pvcs(t, cluster))))
}

// The mode cannot change in either direction, whatever else changes with it.
func TestTheTopologyModeCannotChange(t *testing.T) {
	namespace := newNamespace(t)
	primary := newCluster(t, namespace, "one", `{}`)
	independent := newCluster(t, namespace, "many", `{topology: {mode: Independent}}`)
	waitReady(t, primary)
	waitReady(t, independent)
	const cannot = `cannot change, because data would be left in pods that no client reaches. Put `
	const instead = ` back, or create a new BarqCluster and copy the data`
	merge := func(patch string) client.Patch { return client.RawPatch("application/merge-patch+json", []byte(patch)) }

	requireCauses(t, []string{`spec.topology.mode: Invalid value: "Independent": ` + cannot + "Primary" + instead},
		admin.Patch(t.Context(), primary.DeepCopy(), merge(`{"spec":{"topology":{"mode":"Independent"}}}`)))
	for _, patch := range []string{
		`{"spec":{"topology":{"mode":"Primary"}}}`,
		`{"spec":{"topology":null}}`,
		`{"spec":null}`,
	} {
		requireCauses(t, []string{`spec.topology.mode: Invalid value: "Primary": ` + cannot + "Independent" + instead},
			admin.Patch(t.Context(), independent.DeepCopy(), merge(patch)), patch)
	}
}
