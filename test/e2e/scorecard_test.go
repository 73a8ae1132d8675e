package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/operator-framework/api/pkg/apis/scorecard/v1alpha3"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/hack/image"
)

// What OperatorHub asks of a bundle.
func TestBundleIsValid(t *testing.T) {
	pinned := pinnedPrograms(t, "hack/tools/operator-sdk", "operator-sdk")
	out, err := exec.CommandContext(t.Context(), pinned["operator-sdk"], "bundle", "validate", filepath.Join(root, "bundle"),
		"--select-optional", "suite=operatorframework").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "All validation tests have completed successfully")
}

// All six tests that the Operator Framework has for bundles.
func TestScorecard(t *testing.T) {
	namespace := newNamespace(t)
	pinned := pinnedPrograms(t, "hack/tools/operator-sdk", "operator-sdk", "scorecard-test")
	config := scorecardConfig(t, scorecardImage(t, pinned["scorecard-test"]))

	command := exec.CommandContext(t.Context(), pinned["operator-sdk"], "scorecard", filepath.Join(root, "bundle"),
		"--config", config, "--untar-image", untarImage(t), "--namespace", namespace, "--service-account", "default",
		"--pod-security", "restricted", "--wait-time", patience.String(), "--output", "json")
	command.Env = append(os.Environ(), "KUBECONFIG="+os.Getenv("KUBECONFIG"))
	out, err := command.Output()
	require.NoError(t, err, string(out))

	var results v1alpha3.TestList
	require.NoError(t, json.Unmarshal(out, &results))
	states := map[string]v1alpha3.State{}
	for _, test := range results.Items {
		for _, result := range test.Status.Results {
			states[result.Name] = result.State
			require.Empty(t, result.Errors, result.Name)
		}
	}
	require.Equal(t, map[string]v1alpha3.State{
		"basic-check-spec":        v1alpha3.PassState,
		"olm-bundle-validation":   v1alpha3.PassState,
		"olm-crds-have-resources": v1alpha3.PassState, "olm-crds-have-validation": v1alpha3.PassState,
		"olm-spec-descriptors": v1alpha3.PassState, "olm-status-descriptors": v1alpha3.PassState,
	}, states)
}

// scorecardImage packs the tests, as the Operator Framework's own image does.
func scorecardImage(t *testing.T, program string) string {
	t.Helper()
	reference, err := image.Push(t.Context(), os.Getenv(registryVariable)+"/scorecard-test:test", image.Image{
		Files: map[string]string{"/bin/scorecard-test": program}, User: "1001:1001",
	})
	require.NoError(t, err)
	return reference
}

// untarImage packs what unpacks the bundle in a pod.
func untarImage(t *testing.T) string {
	t.Helper()
	shell, err := exec.LookPath("busybox")
	require.NoError(t, err, "no busybox: run apt-get install busybox-static")
	reference, err := image.Push(t.Context(), os.Getenv(registryVariable)+"/scorecard-untar:test", image.Image{
		Files: map[string]string{"/bin/tar": shell, "/bin/gunzip": shell}, User: "1001:1001",
	})
	require.NoError(t, err)
	return reference
}

var scorecardImagePattern = regexp.MustCompile(`quay\.io/operator-framework/scorecard-test:\S+`)

// scorecardConfig is the bundle's, with an image that the nodes can pull.
func scorecardConfig(t *testing.T, reference string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "bundle", "tests", "scorecard", "config.yaml"))
	require.NoError(t, err)
	replaced := scorecardImagePattern.ReplaceAll(content, []byte(reference))
	var config v1alpha3.Configuration
	require.NoError(t, yaml.UnmarshalStrict(replaced, &config))
	require.Len(t, config.Stages[0].Tests, 6)
	for _, test := range config.Stages[0].Tests {
		require.Equal(t, reference, test.Image)
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(file, replaced, 0o600))
	return file
}
