package chart_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

// renderAs renders as if the chart had other versions.
func renderAs(t *testing.T, version, appVersion, values string) *appsv1.StatefulSet {
	t.Helper()
	chart := loadChart(t)
	chart.Metadata.Version, chart.Metadata.AppVersion = version, appVersion
	rendered, err := tryRender(t, chart, releaseName, parseValues(t, values))
	require.NoError(t, err)
	return statefulSet(t, rendered)
}

func specText(t *testing.T, set *appsv1.StatefulSet) string {
	t.Helper()
	text, err := yaml.Marshal(set.Spec)
	require.NoError(t, err)
	return string(text)
}

// A newer chart must not restart databases, nor touch what cannot change.
func TestVersionOfTheChartIsNotInTheSpec(t *testing.T) {
	for name, values := range examples(t) {
		t.Run(name, func(t *testing.T) {
			now := renderAs(t, "0.1.0", "0.1.0", values)
			later := renderAs(t, "9.8.7+build", "0.1.0", values)
			require.NotEqual(t, now.Labels, later.Labels, "the version is in the labels of the object")
			require.Equal(t, specText(t, now), specText(t, later))
		})
	}
}

func TestVersionOfTheApplicationIsNotInTheSpecOfAPinnedImage(t *testing.T) {
	for name, image := range map[string]string{
		"tag":    `image: {tag: "0.1.0"}`,
		"digest": `image: {digest: "` + digest + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			now := renderAs(t, "0.1.0", "0.1.0", image)
			later := renderAs(t, "0.1.0", "9.8.7", image)
			require.NotEqual(t, now.Labels, later.Labels, "the version is in the labels of the object")
			require.Equal(t, specText(t, now), specText(t, later))
		})
	}
}

// Nor must an upgrade as such, of a release that has seen many.
func TestRevisionOfTheReleaseIsInNoObject(t *testing.T) {
	for name, values := range examples(t) {
		t.Run(name, func(t *testing.T) {
			objects := func(options chartutil.ReleaseOptions) map[string]string {
				options.Name, options.Namespace = releaseName, namespace
				chart := loadChart(t)
				input, err := chartutil.ToRenderValues(chart, parseValues(t, values), options, chartutil.DefaultCapabilities)
				require.NoError(t, err)
				rendered, err := engine.Render(chart, input)
				require.NoError(t, err)
				require.Contains(t, rendered, "barq-db/templates/statefulset.yaml")
				return rendered
			}
			require.Equal(t, objects(chartutil.ReleaseOptions{Revision: 1, IsInstall: true}),
				objects(chartutil.ReleaseOptions{Revision: 17, IsUpgrade: true}))
		})
	}
}

func TestVersionOfTheApplicationChangesNothingButTheDefaultImage(t *testing.T) {
	now := renderAs(t, "0.1.0", "0.1.0", `{}`)
	later := renderAs(t, "0.1.0", "9.8.7", `{}`)
	containers := later.Spec.Template.Spec.Containers
	require.Equal(t, "docker.io/yasserrmd/barq-db:9.8.7", containers[0].Image)
	containers[0].Image = now.Spec.Template.Spec.Containers[0].Image
	require.Equal(t, specText(t, now), specText(t, later))
}
