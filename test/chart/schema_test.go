package chart_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chartutil"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

const refusedBySchema = "values don't meet the specifications of the schema(s) in the following chart(s):\nbarq-db:\n"

func TestSchemaRefuses(t *testing.T) {
	compareFound(t, "schema", readCases(t, "schema"), func(t *testing.T, _ string, values map[string]any) any {
		t.Helper()
		return refusalBy(t, refusedBySchema, values)
	})
}

func TestSchemaAcceptsQuantities(t *testing.T) {
	for _, quantity := range []string{`10Gi`, `"10737418240"`, `10737418240`, `1e10`, `1.5Ti`, `.5Ti`, `500M`, `0.1Gi`, `1E`, `007Gi`, `0.0005Ti`, `2e+3`} {
		t.Run(quantity, func(t *testing.T) {
			values := "storage: {size: " + quantity + "}\nresources: {requests: {memory: " + quantity + "}}"
			rendered := render(t, values)
			pvcs := statefulSet(t, rendered).Spec.VolumeClaimTemplates
			require.Len(t, pvcs, 1)
			want := resource.MustParse(strings.Trim(quantity, `"`))
			for _, got := range []resource.Quantity{
				database(t, rendered).Resources.Requests[corev1.ResourceMemory],
				pvcs[0].Spec.Resources.Requests[corev1.ResourceStorage],
			} {
				require.Zero(t, want.Cmp(got), "%s instead of %s", got.String(), want.String())
			}
		})
	}
}

// A translator in Go hands over other types of numbers than a file does.
func TestNumbersOfAnyType(t *testing.T) {
	want := allManifests(render(t, `{replicas: 100, minReadySeconds: 3600, terminationGracePeriodSeconds: 1000000, startupDeadlineSeconds: 2000001}`))
	for name, values := range map[string]chartutil.Values{
		"int64":   {"replicas": int64(100), "minReadySeconds": int64(3600), "terminationGracePeriodSeconds": int64(1000000), "startupDeadlineSeconds": int64(2000001)},
		"float64": {"replicas": float64(100), "minReadySeconds": float64(3600), "terminationGracePeriodSeconds": float64(1000000), "startupDeadlineSeconds": float64(2000001)},
	} {
		t.Run(name, func(t *testing.T) {
			rendered, err := tryRender(t, loadChart(t), releaseName, values)
			require.NoError(t, err)
			require.Equal(t, want, allManifests(rendered))
		})
	}
}
