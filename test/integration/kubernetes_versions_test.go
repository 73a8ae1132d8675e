package integration

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/cluster"
)

// needsKind skips a test if the API server does not serve a kind that it is made of; because says what for.
func needsKind(t *testing.T, kind schema.GroupVersionKind, because string) {
	t.Helper()
	_, err := admin.RESTMapper().RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		require.True(t, meta.IsNoMatchError(err), err)
		lacks(t, kind.String(), because)
	}
}

// needsFeature skips a test if a feature gate of the API server is off; because says what for.
func needsFeature(t *testing.T, gate, because string) {
	t.Helper()
	metrics := output(t, kubectl("get", "--raw", "/metrics"))
	if !regexp.MustCompile(`(?m)^kubernetes_feature_enabled\{name="` + gate + `",.*\} 1$`).MatchString(metrics) {
		lacks(t, "the feature "+gate, because)
	}
}

// checksTemplates reports whether the API server refuses a StatefulSet whose pods it would refuse. Kubernetes 1.30 looks at the pods alone.
func checksTemplates(t *testing.T) bool {
	t.Helper()
	labels := map[string]string{"app": "refused"}
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "refused"}}
	set.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	set.Spec.Template.Labels = labels
	set.Spec.Template.Spec.Containers = []corev1.Container{{Name: "a", Image: "a", Env: []corev1.EnvVar{
		{Name: "NODE", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "spec.noSuchField"}}},
	}}}
	err := admin.Create(t.Context(), set, client.DryRunAll)
	if err != nil {
		require.True(t, apierrors.IsInvalid(err), err)
	}
	return err != nil
}

// lacks skips a test of an older Kubernetes that is asked for by name. The one that all tests are made for lacks nothing.
func lacks(t *testing.T, what, because string) {
	t.Helper()
	version := output(t, kubectl("get", "--raw", "/version"))
	if given := regexp.MustCompile(`"gitVersion": "(.*)"`).FindStringSubmatch(version); given != nil {
		version = given[1]
	}
	message := "Kubernetes " + version + " has not " + what + ", which this test needs: " + because
	if newest() {
		t.Fatal(message)
	}
	t.Skip(message)
}

// newest reports whether the tests run on the Kubernetes that they are all made for, because no other one is asked for.
func newest() bool {
	return os.Getenv(cluster.VersionVariable) == "" && os.Getenv(cluster.AssetsVariable) == ""
}

// Before 1.31 Kubernetes drops these fields of a StatefulSet without a word. The operator does not go on writing them.
func TestFieldsThatKubernetesDrops(t *testing.T) {
	db := newCluster(t, newNamespace(t), "db", `{affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {
		topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app.kubernetes.io/name: barq-db}},
		matchLabelKeys: [app.kubernetes.io/instance], mismatchLabelKeys: [example.com/absent]}}]}}}`)
	waitReady(t, db)
	before := identities(t, db)
	set := statefulSet(t, db)
	term := set.Spec.Template.Spec.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution[0].PodAffinityTerm
	t.Logf("the StatefulSet has matchLabelKeys %q and mismatchLabelKeys %q", term.MatchLabelKeys, term.MismatchLabelKeys)

	requireIdle(t, db)
	require.Equal(t, set.Generation, statefulSet(t, db).Generation)
	require.Equal(t, before, identities(t, db))
	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" })
	waitReady(t, db)
}
