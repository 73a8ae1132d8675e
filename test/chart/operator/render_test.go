package operator_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/test/chart/helmtemplate"
)

const (
	root      = "../../.."
	charts    = root + "/helm-charts"
	chartPath = charts + "/barq-operator"
	// Where config/default installs, and under which name.
	namespace   = "barq-system"
	releaseName = "barq-operator"
)

func loadChart(t *testing.T, path string) *helmchart.Chart {
	t.Helper()
	chart, err := loader.Load(path)
	require.NoError(t, err)
	return chart
}

func tryRender(t *testing.T, chart *helmchart.Chart, name, values string, apis ...string) (*release.Release, error) {
	t.Helper()
	parsed, err := chartutil.ReadValues([]byte(values))
	require.NoError(t, err)
	return helmtemplate.Render(chart, name, namespace, parsed, apis...)
}

// objects are what a source installs, by kind, namespace and name.
type objects map[string]*unstructured.Unstructured

func (o objects) add(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	key := object.GetKind() + " " + object.GetNamespace() + "/" + object.GetName()
	require.NotContains(t, o, key, "twice")
	o[key] = object
}

// render gives the objects that the chart makes of values written in YAML, without its
// hooks.
func render(t *testing.T, name, values string) objects {
	t.Helper()
	rendered, err := tryRender(t, loadChart(t, chartPath), name, values)
	require.NoError(t, err)
	return parse(t, rendered.Manifest)
}

func parse(t *testing.T, manifest string) objects {
	t.Helper()
	found := objects{}
	for _, text := range releaseutil.SplitManifests(manifest) {
		content := map[string]any{}
		require.NoError(t, yaml.Unmarshal([]byte(text), &content), text)
		// Templates that make nothing leave a comment.
		if len(content) > 0 {
			found.add(t, &unstructured.Unstructured{Object: content})
		}
	}
	return found
}

func decode[T any](t *testing.T, object *unstructured.Unstructured) T {
	t.Helper()
	var typed T
	require.NotNil(t, object)
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, &typed, true))
	return typed
}
