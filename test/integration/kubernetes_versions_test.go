package integration

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

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
