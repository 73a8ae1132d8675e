package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// releaseSecrets gives the Secrets in which Helm stores a release.
func releaseSecrets(t *testing.T, namespace, name string) []corev1.Secret {
	t.Helper()
	var list corev1.SecretList
	require.NoError(t, admin.List(t.Context(), &list, client.InNamespace(namespace),
		client.MatchingLabels{"owner": "helm", "name": name}))
	return list.Items
}

func newestRevision(t *testing.T, namespace, name string) int {
	t.Helper()
	var newest int
	for _, stored := range releaseSecrets(t, namespace, name) {
		revision, err := strconv.Atoi(stored.Labels["version"])
		require.NoError(t, err)
		newest = max(newest, revision)
	}
	return newest
}

// writeChart makes a chart of one ConfigMap.
func writeChart(t *testing.T, name string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "templates"), 0o750))
	for path, content := range map[string]string{
		"Chart.yaml":               "apiVersion: v2\nname: " + name + "\nversion: 1.0.0\n",
		"templates/configmap.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: {kept: \"yes\"}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, path), []byte(content), 0o600))
	}
	return folder
}

func TestAnotherReleaseOfTheSameNameIsNeverTouched(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		chart     func(t *testing.T) string
		arguments []string
		message   string
		pvcs      []string
	}{
		"another chart": {
			chart: func(t *testing.T) string { return writeChart(t, "other") },
			message: `a Helm release named "db" of chart "other" exists in this namespace and is not touched; ` +
				`give the BarqCluster another name, or uninstall that release`,
		},
		"our chart, installed by hand": {
			chart:     func(*testing.T) string { return filepath.Join(root, "helm-charts/barq-db") },
			arguments: []string{"--set", "storage.size=5Gi"},
			pvcs:      []string{"data-db-0"},
			message: `the Helm release "db" was installed by hand, and the operator does not take it over. ` +
				`Annotate the BarqCluster with barq.db/adopt-release=db to have it taken over, give the BarqCluster another name, or uninstall that release`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := newNamespace(t)
			output(t, helm(append([]string{"install", "db", test.chart(t), "-n", namespace}, test.arguments...)...))
			for _, name := range test.pvcs {
				waitBound(t, namespace, name)
			}
			before := releaseSecrets(t, namespace, "db")
			manifest := output(t, helm("get", "manifest", "db", "-n", namespace))

			cluster := newCluster(t, namespace, "db", `{}`)
			condition := waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)
			require.Equal(t, test.message, condition.Message)
			require.Equal(t, v1alpha1.PhaseFailed, cluster.Status.Phase)
			require.Nil(t, cluster.Status.DeployedRelease)
			require.Nil(t, cluster.Status.Storage)
			// The BarqCluster asks for 10Gi; these volumes are not its own.
			time.Sleep(soon)
			requireVolumes(t, cluster, "5Gi", test.pvcs...)

			output(t, kubectl("-n", namespace, "delete", "bqc/db", "--timeout=60s"))
			require.Equal(t, before, releaseSecrets(t, namespace, "db"))
			require.Equal(t, manifest, output(t, helm("get", "manifest", "db", "-n", namespace)))
			output(t, helm("uninstall", "db", "-n", namespace))
		})
	}
}

// waitBound waits until a PVC has its volume.
func waitBound(t *testing.T, namespace, name string) {
	t.Helper()
	pvc := &corev1.PersistentVolumeClaim{}
	eventually(t, func() string {
		if err := admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, pvc); err != nil {
			return err.Error()
		}
		if pvc.Status.Phase != corev1.ClaimBound {
			return fmt.Sprintf("PVC %s is %s", name, pvc.Status.Phase)
		}
		return ""
	})
}

// A refused object must not become one release after another.
func TestARefusedReleaseDisturbsNothing(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	before := identities(t, cluster)

	// The schema of the CRD lets this through and the API server refuses it in a pod.
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.Env = []v1alpha1.EnvVar{{Name: "NODE", ValueFrom: &corev1.EnvVarSource{
			FieldRef: &corev1.ObjectFieldSelector{FieldPath: "spec.noSuchField"},
		}}}
	})
	condition := waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)
	said := `spec.containers[0].env[5].valueFrom.fieldRef.fieldPath: Invalid value: "spec.noSuchField": ` +
		`error converting fieldPath: field label not supported: spec.noSuchField`
	if checksTemplates(t) {
		said = `StatefulSet.apps "db" is invalid: spec.template.` + said
	} else {
		said = `the API server would refuse pod "db-0", so the operator changed nothing and restarted no pod: Pod "db-0" is invalid: ` + said +
			"; change the spec, or what refuses the pod"
	}
	require.Equal(t, said, condition.Message)
	require.Equal(t, v1alpha1.PhaseDegraded, cluster.Status.Phase, "the pods still answer")
	require.Equal(t, before, identities(t, cluster))
	time.Sleep(3 * time.Second)
	require.Equal(t, 1, newestRevision(t, namespace, "db"), "a refused edit is no revision")

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Env = nil })
	waitReady(t, cluster)
	require.Equal(t, before, identities(t, cluster), "taking a bad edit back restarts nothing")
}

// Each write of the status starts a reconcile, and one that wrote would start
// the next.
func TestNothingHappensWhenNothingChanges(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	quiet(t, namespace)
	refresh(t, cluster)
	version, set := cluster.ResourceVersion, statefulSet(t, cluster).ResourceVersion

	// A label starts a reconcile of the BarqCluster without anything to do in it.
	output(t, kubectl("-n", namespace, "label", "bqc/db", "example.com/touched=yes"))
	refresh(t, cluster)
	require.NotEqual(t, version, cluster.ResourceVersion)
	version = cluster.ResourceVersion
	time.Sleep(3 * time.Second)

	refresh(t, cluster)
	require.Equal(t, version, cluster.ResourceVersion, "nothing is written")
	require.Equal(t, set, statefulSet(t, cluster).ResourceVersion, "nothing is written")
	require.Len(t, releaseSecrets(t, namespace, "db"), 1, "there is one revision")
}

// A first install that the API server refused is neither uninstalled nor stuck.
func TestARefusedInstallGoesForward(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.noSuchField}}}]`)
	if checksTemplates(t) {
		waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)
		require.Equal(t, v1alpha1.PhaseFailed, cluster.Status.Phase)
	} else {
		condition := waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonPodsNotReady)
		require.Contains(t, condition.Message, `pod db-0: FailedCreate: create Pod db-0 in StatefulSet db failed error: Pod "db-0" is invalid: spec.containers[0]`)
	}

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Env = nil })
	waitReady(t, cluster)
}

// An object of another user under a name that the chart needs is not taken over.
func TestAForeignObjectIsNeverTouched(t *testing.T) {
	namespace := newNamespace(t)
	theirs := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "db"}}
	theirs.Spec.Ports = []corev1.ServicePort{{Port: 80}}
	require.NoError(t, admin.Create(t.Context(), theirs))

	cluster := newCluster(t, namespace, "db", `{}`)
	condition := waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)
	require.Contains(t, condition.Message, `Service "db" in namespace "`+namespace+`" exists and cannot be imported`)

	before := theirs.ResourceVersion
	output(t, kubectl("-n", namespace, "delete", "bqc/db", "--timeout=60s"))
	refresh(t, theirs)
	require.Equal(t, before, theirs.ResourceVersion)
	eventually(t, func() string {
		return output(t, kubectl("-n", namespace, "get", "serviceaccount,configmap,statefulset",
			"-l", "app.kubernetes.io/instance=db", "-o", "name", "--ignore-not-found"))
	})
}
