package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// The finalizer goes, also if other field managers own it beside the operator.
func TestTheFinalizerOfSeveralOwners(t *testing.T) {
	const finalizer = "uninstall-helm-release"
	write := func(t *testing.T, content string) string {
		manifest := filepath.Join(t.TempDir(), "manifest.yaml")
		require.NoError(t, os.WriteFile(manifest, []byte(content), 0o600))
		return manifest
	}
	manifest := func(t *testing.T, finalizers ...string) string {
		return write(t, "---\n{apiVersion: barq.db/v1alpha1, kind: BarqCluster, metadata: {name: db, finalizers: ["+strings.Join(finalizers, ", ")+"]}, spec: {minReadySeconds: 0}}")
	}
	deletion := []string{"delete", "bqc/db", "--timeout=60s"}
	for name, test := range map[string]struct {
		// make stores the BarqCluster, and change does what makes others own the finalizer once it is Ready.
		make, change func(t *testing.T, kubectl func(args ...string))
		// others are finalizers that stay.
		others []string
		// withNamespace: the namespace is deleted.
		withNamespace bool
	}{
		"created": {make: func(t *testing.T, kubectl func(...string)) { kubectl("create", "-f", manifest(t, finalizer)) }},
		"created with others": {
			make: func(t *testing.T, kubectl func(...string)) {
				kubectl("create", "-f", manifest(t, "example.com/first", finalizer, "example.com/last"))
			},
			others: []string{"example.com/first", "example.com/last"},
		},
		"others added later": {
			change: func(_ *testing.T, kubectl func(...string)) {
				kubectl("patch", "bqc", "db", "--type=json", "-p", `[{"op":"add","path":"/metadata/finalizers/0","value":"example.com/first"}]`)
			},
			others: []string{"example.com/first"},
		},
		"applied": {
			change: func(t *testing.T, kubectl func(...string)) {
				kubectl("apply", "--server-side", "--force-conflicts", "-f", manifest(t, finalizer))
			},
		},
		"applied by two": {
			make: func(t *testing.T, kubectl func(...string)) { kubectl("create", "-f", manifest(t, finalizer)) },
			change: func(t *testing.T, kubectl func(...string)) {
				kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=one", "-f", manifest(t, finalizer))
				kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=two", "-f", manifest(t, finalizer))
			},
		},
		"replaced": {
			change: func(t *testing.T, kubectl func(...string)) {
				kubectl("replace", "--force", "-f", manifest(t, finalizer))
			},
		},
		"its namespace is deleted": {
			make:          func(t *testing.T, kubectl func(...string)) { kubectl("create", "-f", manifest(t, finalizer)) },
			withNamespace: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := newNamespace(t)
			run := func(args ...string) { output(t, kubectl(append([]string{"-n", namespace}, args...)...)) }
			cluster := clusterOf(t, namespace, "db", `{}`)
			if test.make != nil {
				test.make(t, run)
			} else {
				require.NoError(t, admin.Create(t.Context(), cluster))
			}
			waitReady(t, cluster)
			if test.change != nil {
				test.change(t, run)
				waitReady(t, cluster)
			}
			require.Contains(t, cluster.Finalizers, finalizer)
			uid := cluster.UID
			switch {
			case test.withNamespace:
				require.NoError(t, admin.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}))
			case len(test.others) > 0:
				require.NoError(t, admin.Delete(t.Context(), cluster))
				eventually(t, func() string {
					refresh(t, cluster)
					if strings.Join(cluster.Finalizers, " ") != strings.Join(test.others, " ") {
						return strings.Join(cluster.Finalizers, " ")
					}
					return ""
				})
				waitMessage(t, cluster, "the BarqCluster is being deleted; its volumes are kept, because spec.storage.retention.whenDeleted is Retain: data-db-0; "+
					"it stays until the programs that set its finalizers remove them: "+
					strings.Join(test.others, ", "))
				patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
				require.NoError(t, admin.Patch(t.Context(), cluster, patch))
			default:
				run(deletion...)
			}
			gone(t, &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "db", UID: uid}})
			require.Empty(t, releaseSecrets(t, namespace, "db"))
		})
	}
}
