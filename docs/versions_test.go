package docs_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The oldest Kubernetes that is claimed is one number, wherever it stands.
func TestTheOldestKubernetesIsOneNumber(t *testing.T) {
	for path, pattern := range map[string]string{
		"README.md":                            `Kubernetes (\d+\.\d+) or newer`,
		"docs/install.md":                      `Kubernetes (\d+\.\d+) or newer`,
		"docs/install-helm.md":                 `Kubernetes (\d+\.\d+) or later`,
		"docs/install-manifests.md":            `Kubernetes (\d+\.\d+) or newer`,
		"helm-charts/barq-db/Chart.yaml":       `(?m)^kubeVersion: ">=(\d+\.\d+)\.0-0"$`,
		"helm-charts/barq-operator/Chart.yaml": `(?m)^kubeVersion: ">=(\d+\.\d+)\.0-0"$`,
		"config/manifests/bases/barq-operator.clusterserviceversion.yaml": `(?m)^  minKubeVersion: (\d+\.\d+)\.0$`,
		"bundle/manifests/barq-operator.clusterserviceversion.yaml":       `(?m)^  minKubeVersion: (\d+\.\d+)\.0$`,
	} {
		found := regexp.MustCompile(pattern).FindStringSubmatch(read(t, path).text)
		require.NotNil(t, found, path)
		require.Equal(t, "1.30", found[1], path)
	}
}

// The oldest and the newest Kubernetes that are claimed are those that the test cluster can be of.
func TestTheKubernetesThatIsTestedIsPinned(t *testing.T) {
	pinned := func(path string) string {
		found := regexp.MustCompile(`(?m)^(?:require |\t)k8s\.io/kubernetes v(\S+)`).FindStringSubmatch(read(t, path).text)
		require.NotNil(t, found, path)
		return found[1]
	}
	oldest, newest := pinned("test/cluster/components/1.30/go.mod"), pinned("test/cluster/components/go.mod")
	require.Regexp(t, `^1\.30\.`, oldest)
	minor := func(version string) string { return version[:strings.LastIndex(version, ".")] }
	for path, claims := range map[string][]string{
		"README.md":            {"tested on " + minor(newest) + " and " + minor(oldest)},
		"docs/install.md":      {"tested on " + minor(newest) + " and " + minor(oldest), "All tests run on " + newest + ".", "KUBERNETES_VERSION=" + oldest + "`"},
		"docs/test-cluster.md": {"KUBERNETES_VERSION=" + oldest + "`"},
		"CHANGELOG.md":         {"KUBERNETES_VERSION=" + oldest + "`"},
	} {
		for _, claim := range claims {
			require.Contains(t, read(t, path).text, claim, path)
		}
	}
}
