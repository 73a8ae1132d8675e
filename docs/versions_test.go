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

// The operator and the programs of the test cluster are linked with the same libraries. With another version of golang.org/x/net alone,
// a first build compiles all of client-go, and what imports it, once more: a fifth of its time.
func TestTheTestClusterSharesTheOperatorsLibraries(t *testing.T) {
	// Nothing that takes long to compile imports these. CEL is that of the API server, which decides by it.
	others := map[string]bool{
		"dario.cat/mergo": true, "github.com/Masterminds/semver/v3": true, "github.com/go-errors/errors": true, "github.com/google/cel-go": true,
		"go.opentelemetry.io/otel/sdk": true, "go.opentelemetry.io/otel/exporters/otlp/otlptrace": true,
		"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc": true, "k8s.io/cli-runtime": true,
	}
	required := func(path string) map[string]string {
		found := map[string]string{}
		for _, match := range regexp.MustCompile(`(?m)^\t(\S+) (v\S+)( // indirect)?$`).FindAllStringSubmatch(read(t, path).text, -1) {
			// A replaced module has no version of its own.
			if match[2] != "v0.0.0" {
				found[match[1]] = match[2]
			}
		}
		require.NotEmpty(t, found, path)
		return found
	}
	const components = "test/cluster/components/go.mod"
	here, there := required("go.mod"), required(components)
	require.Contains(t, there, "golang.org/x/net")
	for module, version := range there {
		if wanted, shared := here[module]; shared && !others[module] {
			require.Equal(t, wanted, version, "in %s run: go get %s@%s && go mod tidy", components, module, wanted)
		}
	}
}
