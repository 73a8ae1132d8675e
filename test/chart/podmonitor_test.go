package chart_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"
)

// podMonitorsOf finds the PodMonitors of a release, whose type is not known here.
func podMonitorsOf(t *testing.T, rendered *release.Release) []map[string]any {
	t.Helper()
	var found []map[string]any
	for _, manifest := range releaseutil.SplitManifests(allManifests(rendered)) {
		var object map[string]any
		require.NoError(t, yaml.UnmarshalStrict([]byte(manifest), &object))
		if object["kind"] == "PodMonitor" {
			found = append(found, object)
		}
	}
	return found
}

func TestPodMonitor(t *testing.T) {
	compareCases(t, "podmonitor", func(t *testing.T, rendered *release.Release) map[string]any {
		return map[string]any{"monitors": podMonitorsOf(t, rendered)}
	}, podMonitors)
}

// Without the Prometheus operator, everything else is the same, and the notes say
// what is missing.
func TestNoPodMonitorWhereTheKindIsUnknown(t *testing.T) {
	const enabled = `monitoring: {podMonitor: {enabled: true}}`
	const missing = "\n- MONITORING: no PodMonitor was created, because this Kubernetes cluster does not know that kind."
	without, off, with := render(t, enabled), render(t, `{}`), render(t, enabled, podMonitors)
	require.Equal(t, allManifests(off), allManifests(without))
	require.NotEqual(t, allManifests(with), allManifests(without))
	require.Equal(t, with.Info.Notes, off.Info.Notes)
	require.Contains(t, without.Info.Notes, missing)
	require.Equal(t, with.Info.Notes, strings.Replace(without.Info.Notes, missing, "", 1))
}
