package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// What Helm has stored can be lost or broken while the database runs. The next edit is made nevertheless,
// no pod is replaced, and what is stored is whole again.
func TestADamagedReleaseHeals(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, stored *corev1.Secret){
		"deleted": func(t *testing.T, stored *corev1.Secret) {
			t.Helper()
			require.NoError(t, admin.Delete(t.Context(), stored))
		},
		"truncated": func(t *testing.T, stored *corev1.Secret) {
			t.Helper()
			stored.Data["release"] = stored.Data["release"][:len(stored.Data["release"])/2]
			require.NoError(t, admin.Update(t.Context(), stored))
		},
		"overwritten": func(t *testing.T, stored *corev1.Secret) {
			t.Helper()
			stored.Data["release"] = []byte("e30=")
			require.NoError(t, admin.Update(t.Context(), stored))
		},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := newNamespace(t)
			cluster := newCluster(t, namespace, "db", `{}`)
			waitReady(t, cluster)
			// Two revisions, so that one is left when the newest is lost.
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" })
			waitReady(t, cluster)
			requireOneRelease(t, cluster, 2)
			before := identities(t, cluster)

			for _, stored := range releaseSecrets(t, namespace, "db") {
				if stored.Labels["version"] == "2" {
					damage(t, &stored)
				}
			}
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
			waitReady(t, cluster)
			after := identities(t, cluster)
			require.Len(t, after, 2)
			for pod, identity := range before {
				require.Equal(t, identity, after[pod])
			}
			requireOneRelease(t, cluster, 2)

			for _, stored := range releaseSecrets(t, namespace, "db") {
				damage(t, &stored)
			}
			if name != "deleted" {
				// Nothing watches contents; that Secrets are gone is seen.
				output(t, kubectl("-n", namespace, "label", "bqc/db", "example.com/damaged=yes"))
			}
			eventually(t, func() string {
				if len(releaseSecrets(t, namespace, "db")) != 1 || newestRevision(t, namespace, "db") != 1 {
					return "the release is not made anew"
				}
				return ""
			})
			requireOneRelease(t, cluster, 1)
			waitReady(t, cluster)
			require.Equal(t, after, identities(t, cluster), "what runs is taken for what it is")
			requireIdle(t, cluster)

			output(t, kubectl("-n", namespace, "delete", "bqc/db", "--timeout=60s"))
			require.Empty(t, releaseSecrets(t, namespace, "db"))
		})
	}
}

// Helm knows an object of a release again by annotations that are in no manifest. One that was reverted
// after a user deleted or stripped it must have them too: without the release, Helm would refuse to touch it.
func TestWhatWasRevertedIsKnownAgain(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	requireOneRelease(t, cluster, 1)
	before := identities(t, cluster)

	output(t, kubectl("-n", namespace, "delete", "service/db"))
	output(t, kubectl("-n", namespace, "annotate", "poddisruptionbudget/db", "meta.helm.sh/release-name-"))
	eventually(t, func() string {
		for _, name := range []string{"service/db", "poddisruptionbudget/db"} {
			out, err := kubectl("-n", namespace, "get", name, "-o", `jsonpath={.metadata.annotations.meta\.helm\.sh/release-name}`).CombinedOutput()
			if err != nil || string(out) != "db" {
				return name + ": " + string(out)
			}
		}
		return ""
	})

	quiet(t, namespace)
	for _, stored := range releaseSecrets(t, namespace, "db") {
		require.NoError(t, admin.Delete(t.Context(), &stored))
	}
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
	waitReady(t, cluster)
	require.Equal(t, before["db-0"], identities(t, cluster)["db-0"])
	requireOneRelease(t, cluster, 1)
}
