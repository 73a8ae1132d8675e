package operator_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// kustomized gives the objects of a folder in config/.
func kustomized(t *testing.T, folder string) objects {
	t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), root+"/config/"+folder)
	require.NoError(t, err)
	found := objects{}
	for _, resource := range resources.Resources() {
		content, err := resource.MarshalJSON()
		require.NoError(t, err)
		object := &unstructured.Unstructured{}
		require.NoError(t, object.UnmarshalJSON(content))
		found.add(t, object)
	}
	return found
}

// The chart with its default values installs what config/default does, apart from what is
// written out here.
func TestTheChartIsConfigDefault(t *testing.T) {
	want, got := kustomized(t, "default"), render(t, releaseName, `{}`)

	// Helm makes namespaces by --create-namespace.
	delete(want, "Namespace /barq-system")

	for key, object := range got {
		// The labels that Helm's guide asks for.
		labels := object.GetLabels()
		for _, label := range []string{"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart"} {
			require.Contains(t, labels, label, key)
			delete(labels, label)
		}
		object.SetLabels(labels)
	}
	// Pods are found by the release as well.
	const instance = "app.kubernetes.io/instance"
	for _, at := range [][]string{
		{"spec", "selector", "matchLabels", instance},
		{"spec", "template", "metadata", "labels", instance},
	} {
		remove(t, got["Deployment barq-system/barq-operator"], releaseName, at...)
	}
	remove(t, got["Service barq-system/barq-operator-metrics"], releaseName, "spec", "selector", instance)
	remove(t, got[policyKey], releaseName, "spec", "podSelector", "matchLabels", instance)
	// Helm leaves the kinds where they are when the release is removed.
	for _, name := range []string{"barqbackupstores", "barqclusters"} {
		remove(t, got["CustomResourceDefinition /"+name+".barq.db"], "keep", "metadata", "annotations", "helm.sh/resource-policy")
	}

	require.Equal(t, plain(t, want), plain(t, got))
}

// remove takes a string of an object away, which must be there.
func remove(t *testing.T, object *unstructured.Unstructured, value string, path ...string) {
	t.Helper()
	require.NotNil(t, object)
	found, _, err := unstructured.NestedString(object.Object, path...)
	require.NoError(t, err)
	require.Equal(t, value, found, path)
	unstructured.RemoveNestedField(object.Object, path...)
}

// plain gives objects without the types that one YAML parser gives and another does not.
func plain(t *testing.T, from objects) map[string]any {
	t.Helper()
	text, err := json.Marshal(from)
	require.NoError(t, err)
	var found map[string]any
	require.NoError(t, json.Unmarshal(text, &found))
	return found
}
