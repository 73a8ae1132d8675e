package manifest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func read(t *testing.T, content string) (names []string, err error) {
	t.Helper()
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("sample.yaml", []byte(content), 0o600))
	objects, err := Read("sample.yaml")
	for _, object := range objects {
		names = append(names, object.GetKind()+" "+object.GetName())
	}
	return names, err
}

func TestReadGivesEveryObjectInOrder(t *testing.T) {
	names, err := read(t, `# A comment is not an object.
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
---
---
{"apiVersion": "barq.db/v1alpha1", "kind": "BarqCluster", "metadata": {"name": "vectors"}}
---
apiVersion: v1
kind: List
items:
  - {apiVersion: barq.db/v1alpha1, kind: BarqCluster, metadata: {name: one}}
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: two}}
`)
	require.NoError(t, err)
	require.Equal(t, []string{"Secret keys", "BarqCluster vectors", "BarqCluster one", "ConfigMap two"}, names)
}

func TestReadNamesTheMistake(t *testing.T) {
	for name, test := range map[string]struct{ content, want string }{
		"no kind": {"apiVersion: v1\nmetadata: {name: keys}\n", "sample.yaml: document 1: kind is missing"},
		"no name": {"apiVersion: v1\nkind: Secret\n", "sample.yaml: document 1: metadata.name is missing"},
		"in a list": {
			"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret}\n",
			"sample.yaml: document 1: metadata.name is missing",
		},
		"not YAML": {
			"apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\n---\na: b: c\n",
			"sample.yaml: document 2: error converting YAML to JSON: yaml: mapping values are not allowed in this context",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, test.content)
			require.EqualError(t, err, test.want)
		})
	}
}

func TestReadNamesAFileThatIsNotThere(t *testing.T) {
	_, err := Read("/does/not/exist.yaml")
	require.EqualError(t, err, "open /does/not/exist.yaml: no such file or directory")
}

func TestBuildGivesWhatAKustomizationSays(t *testing.T) {
	folder := t.TempDir()
	for file, content := range map[string]string{
		"kustomization.yaml": "resources: [account.yaml]\nnamePrefix: my-\n",
		"account.yaml":       "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: operator, namespace: team}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, file), []byte(content), 0o600))
	}
	objects, err := Build(folder)
	require.NoError(t, err)
	require.Len(t, objects, 1)
	require.Equal(t, map[string]any{
		"apiVersion": "v1", "kind": "ServiceAccount",
		"metadata": map[string]any{"name": "my-operator", "namespace": "team"},
	}, objects[0].Object)

	_, err = Build(filepath.Join(folder, "none"))
	require.ErrorContains(t, err, "build the kustomization "+filepath.Join(folder, "none")+": ")
}
