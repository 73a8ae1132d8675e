package integration

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/apply"
	"github.com/barq-db/barq-operator/internal/clusters"
)

// Installed by hand, the chart gives as good a database as through the operator:
// the same pod, the same volumes, the same Services.
func TestTheChartAloneGivesTheSameDatabase(t *testing.T) {
	t.Parallel()
	for _, sample := range []struct{ name, manifest, values string }{
		{"vectors", "barqcluster.yaml", "barqcluster.values.yaml"},
		{"minimal", "barqcluster_minimal.yaml", "barqcluster_minimal.values.yaml"},
	} {
		t.Run(sample.name, func(t *testing.T) {
			namespace, byHand := newNamespace(t), newNamespace(t)
			output(t, kubectl("-n", namespace, "apply", "-f", filepath.Join(root, "config/samples", sample.manifest)))
			cluster := clusterOf(t, namespace, sample.name, `{}`)
			waitReady(t, cluster)
			output(t, helm("install", sample.name, filepath.Join(root, "helm-charts/barq-db"), "-n", byHand,
				"-f", filepath.Join("testdata", sample.values)))
			t.Cleanup(func() { _ = helm("uninstall", sample.name, "-n", byHand).Run() })

			operated, installed := statefulSet(t, cluster), &appsv1.StatefulSet{}
			require.NoError(t, admin.Get(t.Context(), client.ObjectKey{Namespace: byHand, Name: sample.name}, installed))
			require.Equal(t, operated.Spec.Template.Spec, installed.Spec.Template.Spec)
			require.Equal(t, operated.Spec.Template.Labels, installed.Spec.Template.Labels)

			// The checksum restarts the pods when a Secret changes, which the chart alone cannot.
			left, right := operated.Spec.DeepCopy(), installed.Spec.DeepCopy()
			left.Template.Annotations, right.Template.Annotations = nil, nil
			for _, spec := range []*appsv1.StatefulSetSpec{left, right} {
				for i := range spec.VolumeClaimTemplates {
					spec.VolumeClaimTemplates[i].Status = corev1.PersistentVolumeClaimStatus{}
				}
			}
			require.Equal(t, left, right)

			for _, name := range []string{sample.name, sample.name + "-headless"} {
				require.Equal(t, service(t, namespace, name), service(t, byHand, name))
			}
			account := func(namespace string) map[string]string {
				found := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: sample.name}}
				refresh(t, found)
				require.False(t, *found.AutomountServiceAccountToken)
				return withoutHelm(found.Annotations)
			}
			require.Equal(t, account(namespace), account(byHand))
		})
	}
}

// service gives what two Services of the same name have in common.
func service(t *testing.T, namespace, name string) corev1.ServiceSpec {
	t.Helper()
	found := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	refresh(t, found)
	spec := found.Spec
	if spec.ClusterIP != corev1.ClusterIPNone {
		spec.ClusterIP, spec.ClusterIPs = "", nil
	}
	return spec
}

// withoutHelm removes what Helm and the operator note about the release.
func withoutHelm(annotations map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range annotations {
		if !strings.HasPrefix(key, "meta.helm.sh/") && key != apply.DigestAnnotation && key != clusters.CauseAnnotation {
			kept[key] = value
		}
	}
	return kept
}
