package chart_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/release"

	"github.com/barq-db/barq-operator/test/chart/helmtemplate"
)

const (
	chartPath   = "../../helm-charts/barq-db"
	releaseName = "db"
	namespace   = "apps"
)

// loadChart reads the chart anew, because rendering may change the one it is given.
func loadChart(t *testing.T) *helmchart.Chart {
	t.Helper()
	chart, err := loader.Load(chartPath)
	require.NoError(t, err)
	return chart
}

// parseValues reads values as Helm reads a file given with --values.
func parseValues(t *testing.T, text string) map[string]any {
	t.Helper()
	values, err := chartutil.ReadValues([]byte(text))
	require.NoError(t, err)
	return values
}

// podMonitors and serviceMonitors are the API of the Prometheus operator, as a chart asks for it.
const (
	podMonitors     = "monitoring.coreos.com/v1/PodMonitor"
	serviceMonitors = "monitoring.coreos.com/v1/ServiceMonitor"
)

// tryRender installs a release without a cluster, as helm template does. The
// schema is checked on the way, as it is by every way to install. The cluster
// that is not there has Kubernetes' own APIs and the given ones.
func tryRender(t *testing.T, chart *helmchart.Chart, name string, values map[string]any, apis ...string) (*release.Release, error) {
	t.Helper()
	return helmtemplate.Render(chart, name, namespace, values, apis...)
}

// render gives the release that the chart makes of values written in YAML.
func render(t *testing.T, values string, apis ...string) *release.Release {
	t.Helper()
	rendered, err := tryRender(t, loadChart(t), releaseName, parseValues(t, values), apis...)
	require.NoError(t, err)
	return rendered
}

// refusal gives the message with which the chart refuses values.
func refusal(t *testing.T, name, values string) string {
	t.Helper()
	_, err := tryRender(t, loadChart(t), name, parseValues(t, values))
	require.Error(t, err)
	return err.Error()
}

// refusalBy gives the message without what its source puts before it.
func refusalBy(t *testing.T, source string, values map[string]any) string {
	t.Helper()
	_, err := tryRender(t, loadChart(t), releaseName, values)
	require.Error(t, err)
	message, found := strings.CutPrefix(err.Error(), source)
	require.True(t, found, err)
	return strings.TrimSuffix(message, "\n")
}

// allManifests is everything that a release would send to Kubernetes at any time,
// its hooks included.
func allManifests(rendered *release.Release) string {
	var text strings.Builder
	text.WriteString(rendered.Manifest)
	for _, hook := range rendered.Hooks {
		text.WriteString("---\n# Source: " + hook.Path + "\n" + hook.Manifest + "\n")
	}
	return text.String()
}
