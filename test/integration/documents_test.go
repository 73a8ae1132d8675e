package integration

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/test/markdown"
)

// Every BarqCluster and every BarqBackupStore that a document shows in whole is one that the API server takes.
func TestSamplesOfTheDocumentsAreTaken(t *testing.T) {
	namespace := newNamespace(t)
	checked := map[string]int{}
	for _, pattern := range []string{"*.md", "docs/*.md", "helm-charts/*/README.md"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, path := range paths {
			path, err := filepath.Rel(root, path)
			require.NoError(t, err)
			for _, block := range yamlBlocks(t, path) {
				for _, sample := range samplesIn(t, block) {
					checked[path]++
					sample.SetNamespace(namespace)
					require.NoError(t, admin.Create(t.Context(), sample, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict)),
						"%s:%d:\n%s", path, block.Line, block.Code)
				}
			}
		}
	}
	for _, path := range []string{"README.md", "docs/operate.md", "docs/tiering.md", "docs/backup-store.md"} {
		require.NotZero(t, checked[path], path)
	}
}

// yamlBlocks gives the blocks of YAML of a page.
func yamlBlocks(t *testing.T, path string) []markdown.Block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return slices.DeleteFunc(markdown.Blocks(string(text)), func(b markdown.Block) bool { return b.Language != "yaml" })
}

// samplesIn gives the BarqClusters and BarqBackupStores of a block.
func samplesIn(t *testing.T, block markdown.Block) []*unstructured.Unstructured {
	t.Helper()
	var found []*unstructured.Unstructured
	for text := range strings.SplitSeq(block.Code, "\n---\n") {
		sample := &unstructured.Unstructured{}
		require.NoError(t, yaml.UnmarshalStrict([]byte(text), &sample.Object), text)
		if kind := sample.GetKind(); kind == "BarqCluster" || kind == "BarqBackupStore" {
			found = append(found, sample)
		}
	}
	return found
}
