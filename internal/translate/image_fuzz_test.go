package translate_test

import (
	"strings"
	"testing"

	"github.com/distribution/reference"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/translate"
	"github.com/barq-db/barq-operator/test/admission"
	"github.com/barq-db/barq-operator/test/arbitrary"
)

// FuzzImage compares four judgements of an image: by the CustomResourceDefinition, the reference
// package, the chart and the operator. Docker's tools and the kubelet use the reference package.
func FuzzImage(f *testing.F) {
	definition, err := admission.Load("../../config/crd/bases/barq.db_barqclusters.yaml")
	require.NoError(f, err)
	chart, err := loader.LoadDir("../../helm-charts/barq-db")
	require.NoError(f, err)

	hexadecimal := strings.Repeat("0123456789abcdef", 4)
	for _, image := range []string{
		"barq-db", "registry.example.com:5000/a/b:0.1.0", "a/b@sha256:" + hexadecimal, "a:1@sha256:" + hexadecimal,
		"a@sha512:" + hexadecimal + hexadecimal, "[::1]:5000/a", "[::1]/a", "-a/b", "a-/b", "a.b-/c", ".a/b", "A/b", "a_b/c", "a..b", "a___b", "a__b", "a-_b", "a---b",
		"a:" + strings.Repeat("a", 128), "a:" + strings.Repeat("a", 129), strings.Repeat("a/", 127) + "a", strings.Repeat("a/", 128) + "a",
		"a.b/" + strings.Repeat("a", 255), "a.b/" + strings.Repeat("a", 256), strings.Repeat("a", 255), strings.Repeat("a", 256),
		"a_b/" + strings.Repeat("a", 251), "a_b/" + strings.Repeat("a", 252) + ":1", "a-b:80/" + strings.Repeat("a", 255) + ":1@sha256:" + hexadecimal,
		"[::1]:80/" + strings.Repeat("a", 256), hexadecimal, "a\n", "a:1\n", "", "a:", "@sha256:" + hexadecimal, "sha256:" + hexadecimal,
	} {
		f.Add(image)
	}
	f.Fuzz(func(t *testing.T, image string) {
		object := arbitrary.WithSpec("db", map[string]any{"image": image})
		admitted := len(definition.Create(object)) == 0
		require.Equal(t, isReference(image), admitted, "the CustomResourceDefinition, of %q", image)

		// A default image of the operator is not checked by any admission.
		cluster := &v1alpha1.BarqCluster{}
		values, err := translate.ToValues(cluster, translate.Facts{DefaultImage: image})
		if image == "" {
			require.NoError(t, err)
			return
		}
		if !admitted && (err != nil || len(image) > 512) {
			return
		}
		require.NoError(t, err, "%q", image)
		require.True(t, admitted, "the operator takes for its default %q", image)
		rendered, err := chartutil.ToRenderValues(chart, values, chartutil.ReleaseOptions{Name: "db", Namespace: "team"}, chartutil.DefaultCapabilities)
		require.NoError(t, err, "%q", image)
		together := rendered["Values"].(chartutil.Values)["image"].(map[string]any)
		require.Contains(t, []string{image, image + ":latest"}, putTogether(together), "%q", image)
	})
}

// isReference reports whether the reference package accepts an image. It only considers what a spec
// may have: digests are SHA-256, because no registry uses others.
func isReference(image string) bool {
	parsed, err := reference.Parse(image)
	if err != nil || len(image) > 512 {
		return false
	}
	if digested, ok := parsed.(reference.Digested); ok && digested.Digest().Algorithm() != "sha256" {
		return false
	}
	_, named := parsed.(reference.Named)
	return named
}

func putTogether(image map[string]any) string {
	text, _ := image["repository"].(string)
	if tag, _ := image["tag"].(string); tag != "" {
		text += ":" + tag
	}
	if digest, _ := image["digest"].(string); digest != "" {
		text += "@" + digest
	}
	return text
}
