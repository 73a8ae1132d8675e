package fuzz_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/admission"
)

// FuzzManifest reads files with BarqClusters as people and programs do. The operator's own way
// must not fail on what the API server stores, nor understand it in another way than a
// strict reader does.
func FuzzManifest(f *testing.F) {
	definition, err := admission.Load(filepath.Join(root, "config/crd/bases/barq.db_barqclusters.yaml"))
	require.NoError(f, err)
	samples, err := filepath.Glob(filepath.Join(root, "config/samples/*.yaml"))
	require.NoError(f, err)
	require.NotEmpty(f, samples)
	for _, path := range samples {
		content, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(content)
	}
	for _, text := range []string{
		"", "null", "[]", "{}", "a: &a [*a]", "{apiVersion: barq.db/v1alpha1, kind: BarqCluster}",
		"{apiVersion: barq.db/v1alpha1, kind: BarqCluster, metadata: {name: db, namespace: team}, spec: null}",
		"{apiVersion: barq.db/v1alpha1, kind: BarqCluster, metadata: {name: db, namespace: team}, spec: {replicas: 1.0, storage: {size: 5}}}",
		"{apiVersion: barq.db/v1alpha1, kind: BarqCluster, metadata: {name: db, namespace: team}, spec: {storage: {size: 1.5}, resources: {limits: {cpu: 0.1}}}}",
		"{apiVersion: barq.db/v1alpha1, kind: BarqCluster, metadata: {name: db, namespace: team, labels: {a: null}}, spec: {env: [{name: A}], podLabels: null}}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		text, err := yaml.YAMLToJSONStrict(content)
		if err != nil {
			return
		}
		object := &unstructured.Unstructured{}
		if object.UnmarshalJSON(text) != nil || object.IsList() {
			return
		}
		// Nothing but an error may come of what no API server has seen.
		_, _ = v1alpha1.FromUnstructured(object.DeepCopy())

		if len(definition.Create(object)) > 0 {
			return
		}
		cluster, err := v1alpha1.FromUnstructured(object)
		require.NoError(t, err, "%s", content)
		stored, err := object.MarshalJSON()
		require.NoError(t, err)
		strict := &v1alpha1.BarqCluster{}
		require.NoError(t, yaml.UnmarshalStrict(stored, strict), "%s", content)
		require.True(t, equality.Semantic.DeepEqual(strict, cluster), "%s", content)

		back, err := runtime.DefaultUnstructuredConverter.ToUnstructured(cluster)
		require.NoError(t, err)
		written, err := json.Marshal(back)
		require.NoError(t, err)
		again := &v1alpha1.BarqCluster{}
		require.NoError(t, json.Unmarshal(written, again))
		require.True(t, equality.Semantic.DeepEqual(cluster, again), "%s", content)
	})
}
