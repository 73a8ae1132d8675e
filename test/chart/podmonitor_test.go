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
	monitor := func(endpoint map[string]any, labels map[string]any) map[string]any {
		every := map[string]any{
			"helm.sh/chart":                "barq-db-0.1.0",
			"app.kubernetes.io/name":       "barq-db",
			"app.kubernetes.io/instance":   releaseName,
			"app.kubernetes.io/component":  "database",
			"app.kubernetes.io/version":    "0.1.0",
			"app.kubernetes.io/managed-by": "Helm",
		}
		for key, value := range labels {
			every[key] = value
		}
		return map[string]any{
			"apiVersion": "monitoring.coreos.com/v1",
			"kind":       "PodMonitor",
			"metadata":   map[string]any{"name": releaseName, "namespace": namespace, "labels": every},
			"spec": map[string]any{
				"selector": map[string]any{"matchLabels": map[string]any{
					"app.kubernetes.io/name":      "barq-db",
					"app.kubernetes.io/instance":  releaseName,
					"app.kubernetes.io/component": "database",
				}},
				"podMetricsEndpoints": []any{endpoint},
			},
		}
	}
	for name, test := range map[string]struct {
		values string
		want   []map[string]any
	}{
		"by default": {`{}`, nil},
		"enabled": {
			`monitoring: {podMonitor: {enabled: true}}`,
			[]map[string]any{monitor(map[string]any{"port": "http", "path": "/metrics"}, nil)},
		},
		"all set": {
			`monitoring: {podMonitor: {enabled: true, interval: 1m30s, labels: {release: "on"}}}`,
			[]map[string]any{monitor(map[string]any{"port": "http", "path": "/metrics", "interval": "1m30s"}, map[string]any{"release": "on"})},
		},
		"with TLS": {
			`{tls: {secretName: a}, monitoring: {podMonitor: {enabled: true}}}`,
			[]map[string]any{monitor(map[string]any{
				"port": "http", "path": "/metrics", "scheme": "https", "tlsConfig": map[string]any{"insecureSkipVerify": true},
			}, nil)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, podMonitorsOf(t, render(t, test.values, podMonitors)))
		})
	}
}

// Without the Prometheus operator, everything else is the same, and the notes say
// what is missing.
func TestNoPodMonitorWhereNobodyKnowsThem(t *testing.T) {
	const enabled = `monitoring: {podMonitor: {enabled: true}}`
	const missing = "\n- MONITORING: no PodMonitor was created, because this Kubernetes cluster does not know that kind."
	without, off, with := render(t, enabled), render(t, `{}`), render(t, enabled, podMonitors)
	require.Equal(t, allManifests(off), allManifests(without))
	require.NotEqual(t, allManifests(with), allManifests(without))
	require.Equal(t, with.Info.Notes, off.Info.Notes)
	require.Contains(t, without.Info.Notes, missing)
	require.Equal(t, with.Info.Notes, strings.Replace(without.Info.Notes, missing, "", 1))
}
