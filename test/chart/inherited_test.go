package chart_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/releaseutil"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const inherits = `
inheritedMetadata: {labels: {example.com/team: search, example.com/tier: "1"}, annotations: {example.com/owner: search, example.com/page: "2"}}
podLabels: {example.com/tier: "3"}
podAnnotations: {example.com/page: "4"}
service: {annotations: {example.com/page: "5"}}
serviceAccount: {annotations: {example.com/page: "6"}}
monitoring: {podMonitor: {enabled: true, labels: {example.com/tier: "7"}}}
`

// Every object has what is to be inherited, and what it has of its own wins.
func TestInheritedMetadata(t *testing.T) {
	for _, mode := range []string{"topology: {mode: Primary}", "{topology: {mode: Independent}, replicas: 3}"} {
		values := parseValues(t, inherits)
		for key, value := range parseValues(t, mode) {
			values[key] = value
		}
		rendered, err := tryRender(t, loadChart(t), releaseName, values, podMonitors)
		require.NoError(t, err)
		manifests := releaseutil.SplitManifests(rendered.Manifest)
		require.Greater(t, len(manifests), 6)
		for _, manifest := range manifests {
			object := &unstructured.Unstructured{}
			require.NoError(t, yaml.UnmarshalStrict([]byte(manifest), &object.Object))
			tier, page := "1", "2"
			switch object.GetKind() {
			case "PodMonitor":
				tier = "7"
			case "ServiceAccount":
				page = "6"
			case "Service":
				if object.GetName() != "db-headless" {
					page = "5"
				}
			}
			name := object.GetKind() + " " + object.GetName()
			require.Equal(t, "search", object.GetLabels()["example.com/team"], name)
			require.Equal(t, tier, object.GetLabels()["example.com/tier"], name)
			require.Equal(t, map[string]string{"example.com/owner": "search", "example.com/page": page}, object.GetAnnotations(), name)
			if object.GetKind() != "StatefulSet" {
				continue
			}
			set := &appsv1.StatefulSet{}
			require.NoError(t, yaml.UnmarshalStrict([]byte(manifest), set))
			require.Equal(t, "search", set.Spec.Template.Labels["example.com/team"])
			require.Equal(t, "3", set.Spec.Template.Labels["example.com/tier"])
			require.Equal(t, map[string]string{"example.com/owner": "search", "example.com/page": "4"}, set.Spec.Template.Annotations)
			require.NotContains(t, set.Spec.VolumeClaimTemplates[0].Labels, "example.com/team", "it could not change there")
		}
	}
}
