package chart_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	k8slabels "k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// objectsOf finds the objects of a kind in a release, as the type of a monitor is not known here.
func objectsOf(t *testing.T, rendered *release.Release, kind string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for _, manifest := range releaseutil.SplitManifests(allManifests(rendered)) {
		var object map[string]any
		require.NoError(t, yaml.UnmarshalStrict([]byte(manifest), &object))
		if object["kind"] == kind {
			found = append(found, object)
		}
	}
	return found
}

func TestPodMonitor(t *testing.T) {
	compareCases(t, "podmonitor", func(t *testing.T, rendered *release.Release) map[string]any {
		return map[string]any{"monitors": objectsOf(t, rendered, "PodMonitor")}
	}, podMonitors)
}

// A ServiceMonitor finds the Service that leads to each pod, and no other, or each pod would be scraped twice.
func TestServiceMonitor(t *testing.T) {
	compareCases(t, "servicemonitor", func(t *testing.T, rendered *release.Release) map[string]any {
		monitors := objectsOf(t, rendered, "ServiceMonitor")
		var scraped []string
		for _, monitor := range monitors {
			labels, _, err := unstructured.NestedStringMap(monitor, "spec", "selector", "matchLabels")
			require.NoError(t, err)
			for _, content := range objectsOf(t, rendered, "Service") {
				service := unstructured.Unstructured{Object: content}
				if k8slabels.SelectorFromSet(labels).Matches(k8slabels.Set(service.GetLabels())) {
					scraped = append(scraped, service.GetName())
				}
			}
		}
		return map[string]any{"monitors": monitors, "scraped": scraped}
	}, serviceMonitors)
}

// Without the Prometheus operator, everything else is the same, and the notes say
// what is missing.
func TestNoMonitorWhereTheKindIsUnknown(t *testing.T) {
	for kind, api := range map[string]string{"PodMonitor": podMonitors, "ServiceMonitor": serviceMonitors} {
		enabled := fmt.Sprintf(`monitoring: {%s%s: {enabled: true}}`, strings.ToLower(kind[:1]), kind[1:])
		missing := "\n- MONITORING: no " + kind + " was created, because this Kubernetes cluster does not know that kind."
		without, off, with := render(t, enabled), render(t, `{}`), render(t, enabled, api)
		require.Equal(t, allManifests(off), allManifests(without))
		require.NotEqual(t, allManifests(with), allManifests(without))
		require.Equal(t, with.Info.Notes, off.Info.Notes)
		require.Contains(t, without.Info.Notes, missing)
		require.Equal(t, with.Info.Notes, strings.Replace(without.Info.Notes, missing, "", 1))
	}
}
