package translate_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

const chartFolder = "../../helm-charts/barq-db/"

// place is a place that every field of the spec has to be in.
type place struct {
	name string
	// has reports whether the field is there; the element of a list is "0".
	has func(path []string) bool
	// ofChart: the place has only fields for which the chart has a value.
	ofChart bool
}

// A new field has to be added in several places, and this test names those where it is missing.
func TestFieldsAreComplete(t *testing.T) {
	var samples []any
	for _, page := range []string{"configure", "operate", "tiering"} {
		samples = append(samples, samplesOf(t, "../../docs/"+page+".md")...)
	}
	var goldens []any
	for _, input := range read(t, "testdata/*.input.yaml") {
		goldens = append(goldens, parsed(t, input))
	}
	comments := read(t, chartFolder+"values.yaml")[0]
	values := parsed(t, comments)
	schema := map[string]any{}
	require.NoError(t, json.Unmarshal([]byte(read(t, chartFolder+"values.schema.json")[0]), &schema))
	templates := strings.Join(read(t, chartFolder+"templates/*.*"), "\n")
	refusals := read(t, "../../test/integration/validation_test.go")[0]
	definition := apiextensionsv1.CustomResourceDefinition{}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "../../config/crd/bases/barq.db_barqclusters.yaml")[0]), &definition))
	spec := definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]

	places := []place{
		{name: "the table of effects (write a marker +barq:effect and run make generate)", has: func(path []string) bool {
			_, ok := v1alpha1.EffectOf(strings.Join(path, "."))
			return ok
		}},
		{name: "values.yaml of the chart barq-db", ofChart: true, has: func(path []string) bool { return isValue(values, comments, whole(chartPath(path))) }},
		{name: "values.schema.json (run make manifests)", ofChart: true, has: func(path []string) bool { return hasSchema(schema, schema, chartPath(path)) }},
		{name: "a template of that chart", ofChart: true, has: func(path []string) bool { return isNamed(templates, whole(chartPath(path))) }},
		{name: "a sample in docs/configure.md", has: ofEitherTier(func(path []string) bool { return isSetInOne(samples, path) })},
		{name: "an input in internal/translate/testdata (NAME.input.yaml)", has: ofEitherTier(func(path []string) bool { return isSetInOne(goldens, path) })},
		{name: "a refused spec in test/integration/validation_test.go", has: ofEitherTier(func(path []string) bool {
			return !isLimited(spec, path) || strings.Contains(refusals, "`spec."+strings.ReplaceAll(strings.Join(path, "."), ".0.", "[0]."))
		})},
	}
	for _, path := range leaves() {
		effect, _ := v1alpha1.EffectOf(strings.Join(path, "."))
		beside := effect == v1alpha1.EffectNone || effect == v1alpha1.EffectOperator
		var missing []string
		for _, place := range places {
			if place.ofChart && beside {
				continue
			}
			if !place.has(path) {
				missing = append(missing, place.name)
			}
		}
		if len(missing) > 0 {
			t.Errorf("spec.%s is not in: %s", strings.Join(path, "."), strings.Join(missing, ", "))
		}
	}
}

// chartPath returns where the chart has a field.
func chartPath(path []string) []string {
	switch path[0] {
	case "image":
		return []string{"image", "repository"}
	case "imagePullPolicy":
		return []string{"image", "pullPolicy"}
	}
	return path
}

// whole returns the path of the list that contains a field, because the chart takes lists as
// Kubernetes has them.
func whole(path []string) []string {
	if list := slices.Index(path, "0"); list > 0 {
		return path[:list]
	}
	return path
}

// read returns the content of the files that match a pattern.
func read(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, paths, pattern)
	var contents []string
	for _, path := range paths {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		contents = append(contents, string(content))
	}
	return contents
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var content any
	require.NoError(t, yaml.Unmarshal([]byte(text), &content), text)
	return content
}

// ofEitherTier reports for a field of one tier whether any tier has it, because both have the same
// fields.
func ofEitherTier(has func([]string) bool) func([]string) bool {
	return func(path []string) bool {
		if path[0] != "tiering" || len(path) < 3 || path[1] != "warm" && path[1] != "cold" {
			return has(path)
		}
		return has(append([]string{"tiering", "warm"}, path[2:]...)) || has(append([]string{"tiering", "cold"}, path[2:]...))
	}
}

// samplesOf returns the samples in a page, and the patches in its commands.
func samplesOf(t *testing.T, page string) []any {
	t.Helper()
	var samples []any
	for _, patch := range regexp.MustCompile(`(?m) -p '(\{.*\})'$`).FindAllStringSubmatch(read(t, page)[0], -1) {
		samples = append(samples, parsed(t, patch[1]))
	}
	for _, block := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(read(t, page)[0], -1) {
		for _, document := range strings.Split(block[1], "\n---\n") {
			samples = append(samples, parsed(t, document))
		}
	}
	return samples
}

// isSetInOne reports whether one of the BarqClusters has a field of the spec.
func isSetInOne(clusters []any, path []string) bool {
	return slices.ContainsFunc(clusters, func(cluster any) bool { return isSet(cluster, append([]string{"spec"}, path...)) })
}

// isSet reports whether a document has something at a path.
func isSet(document any, path []string) bool {
	if len(path) == 0 {
		return true
	}
	switch inner := document.(type) {
	case map[string]any:
		below, ok := inner[path[0]]
		return ok && isSet(below, path[1:])
	case []any:
		return slices.ContainsFunc(inner, func(element any) bool { return isSet(element, path[1:]) })
	}
	return false
}

// isValue reports whether values.yaml has a field, or names it in a comment where the default of a field above it is empty.
func isValue(values any, text string, path []string) bool {
	inner, ok := values.(map[string]any)
	if !ok || len(inner) == 0 {
		return regexp.MustCompile(`(?m)^ *#.*\b` + path[len(path)-1] + `\b`).MatchString(text)
	}
	below, ok := inner[path[0]]
	return ok && (len(path) == 1 || isValue(below, text, path[1:]))
}

// hasSchema reports whether the schema has a field.
func hasSchema(root, schema map[string]any, path []string) bool {
	if reference, ok := schema["$ref"].(string); ok {
		name := strings.TrimPrefix(reference, "#/definitions/")
		return hasSchema(root, root["definitions"].(map[string]any)[name].(map[string]any), path)
	}
	if len(path) == 0 {
		return true
	}
	if items, ok := schema["items"].(map[string]any); ok {
		return hasSchema(root, items, path[1:])
	}
	properties, _ := schema["properties"].(map[string]any)
	below, ok := properties[path[0]].(map[string]any)
	return ok && hasSchema(root, below, path[1:])
}

// isNamed reports whether the templates name a field.
func isNamed(templates string, path []string) bool {
	return regexp.MustCompile(`[."]` + path[len(path)-1] + `\b`).MatchString(templates)
}

// isLimited reports whether the CRD limits a field by more than its type and length, whose messages
// the API server writes.
func isLimited(schema apiextensionsv1.JSONSchemaProps, path []string) bool {
	for _, name := range path {
		if name == "0" {
			schema = *schema.Items.Schema
			continue
		}
		schema = schema.Properties[name]
	}
	return len(schema.Enum) > 0 || len(schema.XValidations) > 0 || schema.Minimum != nil || schema.Maximum != nil || schema.Pattern != ""
}
