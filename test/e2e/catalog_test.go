package e2e

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/operator-framework/api/pkg/manifests"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/hack/image"
)

// catalogName is the name of the CatalogSource.
const catalogName = "barq-db"

// packedBundle is a bundle of one version, with images that the nodes can pull.
type packedBundle struct {
	version, folder, image string
}

// bundleVersion is the version of bundle/.
func bundleVersion(t *testing.T) string {
	t.Helper()
	bundle, err := manifests.GetBundleFromDir(filepath.Join(root, "bundle"))
	require.NoError(t, err)
	return bundle.CSV.Spec.Version.String()
}

// packBundle takes bundle/, as it is but for the version and the images, into a folder,
// and into an image as bundle.Dockerfile makes it.
func packBundle(t *testing.T, version, operatorImage string) packedBundle {
	t.Helper()
	packed := packedBundle{version: version, folder: filepath.Join(t.TempDir(), "bundle")}
	require.NoError(t, os.CopyFS(packed.folder, os.DirFS(filepath.Join(root, "bundle"))))
	bundle, err := manifests.GetBundleFromDir(packed.folder)
	require.NoError(t, err)
	file := filepath.Join(packed.folder, "manifests", operatorName+".clusterserviceversion.yaml")
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	replaced := string(content)
	for _, each := range []struct{ old, new string }{
		{bundle.CSV.Annotations["containerImage"], operatorImage},
		{databaseImageOf(t, bundle), images.database},
		{"\n  name: " + bundle.CSV.Name + "\n", "\n  name: " + operatorName + ".v" + version + "\n"},
		{"\n  version: " + bundle.CSV.Spec.Version.String() + "\n", "\n  version: " + version + "\n"},
	} {
		require.Contains(t, replaced, each.old)
		replaced = strings.ReplaceAll(replaced, each.old, each.new)
	}
	require.NoError(t, os.WriteFile(file, []byte(replaced), 0o600))

	files := map[string]string{}
	for _, folder := range []string{"manifests", "metadata", "tests"} {
		files["/"+folder] = filepath.Join(packed.folder, folder)
	}
	packed.image, err = image.Push(t.Context(), os.Getenv(registryVariable)+"/barq-operator-bundle:v"+version, image.Image{
		Files: files, Labels: bundleLabels(t),
	})
	require.NoError(t, err)
	return packed
}

// databaseImageOf is the image of the database that a bundle names.
func databaseImageOf(t *testing.T, bundle *manifests.Bundle) string {
	t.Helper()
	for _, related := range bundle.CSV.Spec.RelatedImages {
		if related.Name == "barq-db" {
			return related.Image
		}
	}
	require.Fail(t, "the bundle names no image of the database")
	return ""
}

// bundleLabels are those that bundle.Dockerfile gives the image, which are the
// annotations of the bundle.
func bundleLabels(t *testing.T) map[string]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "bundle", "metadata", "annotations.yaml"))
	require.NoError(t, err)
	var metadata struct {
		Annotations map[string]string `json:"annotations"`
	}
	require.NoError(t, yaml.Unmarshal(content, &metadata))
	return metadata.Annotations
}

// generateCatalog does what `make catalog` does, with another template and bundle.
func generateCatalog(t *testing.T, template string, newest packedBundle) string {
	t.Helper()
	catalog := filepath.Join(t.TempDir(), "catalog")
	out, err := exec.CommandContext(t.Context(), filepath.Join(root, "hack", "generate-catalog.sh"),
		template, newest.folder, newest.image, catalog, "--use-http").CombinedOutput()
	require.NoError(t, err, string(out))
	return catalog
}

// nextTemplate is config/catalog/template.yaml at the release of the next version: that is
// a candidate, which replaces the one before, and the one before is read from its image.
func nextTemplate(t *testing.T, before, next packedBundle) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "config", "catalog", "template.yaml"))
	require.NoError(t, err)
	var template map[string]any
	require.NoError(t, yaml.Unmarshal(content, &template))
	entries, ok := template["entries"].([]any)
	require.True(t, ok)
	candidate := slices.IndexFunc(entries, func(entry any) bool { return entry.(map[string]any)["name"] == "candidate" })
	require.NotEqual(t, -1, candidate)
	channel := maps.Clone(entries[candidate].(map[string]any))
	channel["entries"] = append(channel["entries"].([]any), map[string]any{
		"name": operatorName + ".v" + next.version, "replaces": operatorName + ".v" + before.version,
	})
	entries[candidate] = channel
	template["entries"] = append(entries, map[string]any{"schema": "olm.bundle", "image": before.image})

	changed, err := yaml.Marshal(template)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "template.yaml")
	require.NoError(t, os.WriteFile(file, changed, 0o600))
	return file
}
