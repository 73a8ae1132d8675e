package translate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"

	"github.com/barq-db/barq-operator/internal/translate"
)

// The chart refuses values that it does not know, so this test finds a field that is renamed on one
// side only.
func TestTheChartTakesTheValues(t *testing.T) {
	chart, err := loader.LoadDir("../../helm-charts/barq-db")
	require.NoError(t, err)
	for name, in := range inputs(t) {
		t.Run(name, func(t *testing.T) {
			values, err := translate.ToValues(in.cluster(), in.Facts)
			require.NoError(t, err)
			rendered, err := chartutil.ToRenderValues(chart, values,
				chartutil.ReleaseOptions{Name: "db", Namespace: "team"}, chartutil.DefaultCapabilities)
			require.NoError(t, err)
			_, err = engine.Render(chart, rendered)
			require.NoError(t, err)
		})
	}
}
