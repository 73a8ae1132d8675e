package docs_test

import (
	"regexp"
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
