package integration

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/releaseutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/translate"
	"github.com/barq-db/barq-operator/test/admission"
	"github.com/barq-db/barq-operator/test/arbitrary"
	"github.com/barq-db/barq-operator/test/chart/helmtemplate"
)

// Fuzzing asks no API server. So what once found something, and a sample of what it tries,
// is shown to one here, which stores nothing: it has to admit the same BarqClusters, and
// whatever comes of them.
func TestFuzzedSpecs(t *testing.T) {
	definition, err := admission.Load(filepath.Join(root, "config/crd/bases/barq.db_barqclusters.yaml"))
	require.NoError(t, err)
	chart, err := loader.LoadDir(filepath.Join(root, "helm-charts/barq-db"))
	require.NoError(t, err)
	namespace := newNamespace(t)

	rendered := 0
	for name, object := range fuzzed(t, definition) {
		object.SetNamespace(namespace)
		refused := admin.Create(t.Context(), object.DeepCopy(), client.DryRunAll)
		errs := definition.Create(object)
		require.Equal(t, refused == nil, len(errs) == 0, "%s: the API server says %v, test/admission %v", name, refused, errs)
		if refused != nil {
			continue
		}
		rendered++
		cluster, err := v1alpha1.FromUnstructured(object)
		require.NoError(t, err, name)
		cluster.UID = arbitrary.UID
		values, err := translate.ToValues(cluster, translate.Facts{AgentImage: "barq-agent:1"})
		var unwritable *translate.CharacterError
		if errors.As(err, &unwritable) {
			continue
		}
		require.NoError(t, err, name)
		release, err := helmtemplate.Render(chart, cluster.Name, namespace, values, "monitoring.coreos.com/v1/PodMonitor", "monitoring.coreos.com/v1/ServiceMonitor")
		require.NoError(t, err, name)
		for _, manifest := range releaseutil.SplitManifests(release.Manifest) {
			made := &unstructured.Unstructured{}
			require.NoError(t, yaml.Unmarshal([]byte(manifest), &made.Object), name)
			err := admin.Create(t.Context(), made, client.DryRunAll, client.FieldValidation("Strict"))
			require.Empty(t, admission.BeyondHandedOn(err), "%s\n%s", name, manifest)
		}
	}
	require.Greater(t, rendered, sampled/5, "most were refused, so hardly anything was tried")
}

// sampled is how many BarqClusters are made that found nothing yet.
const sampled = 100

// fuzzed gives what test/fuzz keeps, and a sample, which is the same in each run: make fuzz is what
// searches for more.
func fuzzed(t *testing.T, definition *admission.Definition) map[string]*unstructured.Unstructured {
	t.Helper()
	found := map[string]*unstructured.Unstructured{}
	specs, err := filepath.Glob(filepath.Join(root, "test/fuzz/testdata/specs/*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, specs)
	for _, path := range specs {
		text, err := arbitrary.ReadSpec(path)
		require.NoError(t, err, path)
		var spec any
		require.NoError(t, utiljson.Unmarshal(text, &spec), path)
		found[path] = arbitrary.WithSpec("db", spec)
	}
	inputs, err := filepath.Glob(filepath.Join(root, "test/fuzz/testdata/fuzz/FuzzTranslation/*"))
	require.NoError(t, err)
	for _, path := range inputs {
		found[path] = arbitrary.Cluster(definition.Schema(), fuzzInput(t, path))
	}
	random := rand.New(rand.NewPCG(1, 0))
	for range sampled {
		data := make([]byte, 20+random.IntN(100))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		found["the bytes "+strconv.Quote(string(data))] = arbitrary.Cluster(definition.Schema(), data)
	}
	return found
}

// fuzzInput reads the file of an input that is one []byte, as go test writes it.
func fuzzInput(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	literal, isOne := strings.CutPrefix(strings.TrimSpace(string(content)), "go test fuzz v1\n[]byte(")
	require.True(t, isOne, path)
	text, err := strconv.Unquote(strings.TrimSuffix(literal, ")"))
	require.NoError(t, err, path)
	return []byte(text)
}
