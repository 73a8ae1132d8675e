package docs_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write docs/api.md anew instead of comparing with it")

// foreign are the fields whose inside Kubernetes documents.
var foreign = map[string]string{
	"spec.env[].valueFrom": "[EnvVarSource](https://pkg.go.dev/k8s.io/api/core/v1#EnvVarSource)",
	"spec.resources":       "[ResourceRequirements](https://pkg.go.dev/k8s.io/api/core/v1#ResourceRequirements)",
	"status.conditions":    "list of [Condition](https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#Condition), each `type` once",
}

// api is what the CRD says.
type api struct {
	crd     *apiextensionsv1.CustomResourceDefinition
	version *apiextensionsv1.CustomResourceDefinitionVersion
	// fields in the order of their paths, which begin with spec or status.
	fields []field
}

type field struct {
	path     string
	schema   apiextensionsv1.JSONSchemaProps
	required bool
}

// readAPI reads the kind BarqCluster.
func readAPI(t *testing.T) api {
	t.Helper()
	return readKind(t, "barqclusters")
}

func readKind(t *testing.T, plural string) api {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config/crd/bases/barq.db_"+plural+".yaml"))
	require.NoError(t, err)
	crd := &apiextensionsv1.CustomResourceDefinition{}
	require.NoError(t, yaml.UnmarshalStrict(text, crd))
	require.Len(t, crd.Spec.Versions, 1)
	found := api{crd: crd, version: &crd.Spec.Versions[0]}
	for _, top := range []string{"spec", "status"} {
		found.add(top, found.version.Schema.OpenAPIV3Schema.Properties[top])
	}
	return found
}

// add lists the fields of an object, and theirs.
func (a *api) add(path string, object apiextensionsv1.JSONSchemaProps) {
	for _, name := range slices.Sorted(maps.Keys(object.Properties)) {
		inner := field{path: path + "." + name, schema: object.Properties[name], required: slices.Contains(object.Required, name)}
		a.fields = append(a.fields, inner)
		if foreign[inner.path] != "" {
			continue
		}
		a.add(inner.path, inner.schema)
		if items := inner.schema.Items; items != nil {
			a.add(inner.path+"[]", *items.Schema)
		}
	}
}

// has tells whether there is a field of that path, which is without the [] of lists.
func (a *api) has(path string) bool {
	return slices.ContainsFunc(a.fields, func(f field) bool {
		known := strings.ReplaceAll(f.path, "[]", "")
		return known == path || foreign[f.path] != "" && strings.HasPrefix(path, known+".")
	})
}

func TestAPIReferenceIsCurrent(t *testing.T) {
	known := readAPI(t)
	for path := range foreign {
		require.True(t, known.has(strings.ReplaceAll(path, "[]", "")), "%s is not a field", path)
	}
	want := reference(known, readKind(t, "barqbackupstores"), constantsOf(t, statusFile), constantsOf(t, conditionsFile))
	if *update {
		require.NoError(t, os.WriteFile("api.md", []byte(want), 0o644))
		return
	}
	require.Equal(t, want, read(t, "docs/api.md").text, "docs/api.md is out of date; run: go test ./docs -update")
}

// reference writes the page.
func reference(cluster, store api, phases, conditions []group) string {
	page := &strings.Builder{}
	page.WriteString("# API reference\n\n" +
		"Generated from [config/crd](../config/crd/bases) and the constants of\n" +
		"[api/v1alpha1](../api/v1alpha1) by `go test ./docs -update`. Edit those, not this page. What to do about a\n" +
		"condition is in [troubleshooting.md](troubleshooting.md).\n")
	cluster.write(page, "")
	writeGroups(page, "Phases", phases)
	writeGroups(page, "Conditions and reasons", conditions)
	store.write(page, " of a "+store.crd.Spec.Names.Kind)
	return page.String()
}

// write writes what there is of a kind. The headings end with a text.
func (a *api) write(page *strings.Builder, of string) {
	names := a.crd.Spec.Names
	root := a.version.Schema.OpenAPIV3Schema
	fmt.Fprintf(page, "\n## %s\n\n`%s/%s`, short name `%s`, %s.\n\n%s\n",
		names.Kind, a.crd.Spec.Group, a.version.Name, names.ShortNames[0], strings.ToLower(string(a.crd.Spec.Scope)),
		root.Description)

	page.WriteString("\nWhat `kubectl get` shows, the wide columns only with `-o wide`:\n\n")
	columns := table{header: []string{"column", "from", ""}}
	for _, column := range a.version.AdditionalPrinterColumns {
		wide := ""
		if column.Priority > 0 {
			wide = "wide"
		}
		columns.add(column.Name, code(column.JSONPath), wide)
	}
	columns.write(page)

	a.writeFields(page, "spec", of)
	page.WriteString("\n## What is refused" + of + "\n\n" +
		"Beyond the types above, the API server refuses what breaks one of these rules, with this message. Where\n" +
		"it can, it puts in the value at fault.\n\n")
	rules := table{header: []string{"field", "message"}}
	rules.addRules(names.Kind, *root)
	rules.addRules("spec", root.Properties["spec"])
	for _, field := range a.fields {
		rules.addRules(field.path, field.schema)
		if items := field.schema.Items; items != nil {
			rules.addRules(field.path+"[]", *items.Schema)
		}
	}
	rules.write(page)
	a.writeFields(page, "status", of)
}

func (a *api) writeFields(page *strings.Builder, top, of string) {
	fmt.Fprintf(page, "\n## %s%s\n\n%s\n\n", top, of, a.version.Schema.OpenAPIV3Schema.Properties[top].Description)
	fields := table{header: []string{"field", "type", "default", "meaning"}}
	for _, field := range a.fields {
		if strings.HasPrefix(field.path, top+".") {
			fields.add(code(field.path), typeOf(field), defaultOf(field), field.schema.Description)
		}
	}
	fields.write(page)
}

func writeGroups(page *strings.Builder, heading string, groups []group) {
	fmt.Fprintf(page, "\n## %s\n", heading)
	for _, group := range groups {
		if group.comment != "" {
			fmt.Fprintf(page, "\n%s\n", group.comment)
		}
		page.WriteString("\n")
		constants := table{header: []string{"value", "meaning"}}
		for _, constant := range group.constants {
			constants.add(code(constant.value), constant.comment)
		}
		constants.write(page)
	}
}

func typeOf(f field) string {
	kind := kindOf(f)
	if f.required {
		kind += ", required"
	}
	return kind
}

func kindOf(f field) string {
	schema := f.schema
	switch {
	case foreign[f.path] != "":
		return foreign[f.path]
	case schema.XIntOrString:
		return "quantity"
	case len(schema.Enum) > 0:
		var allowed []string
		for _, value := range schema.Enum {
			allowed = append(allowed, code(strings.Trim(string(value.Raw), `"`)))
		}
		last := len(allowed) - 1
		return strings.Join(allowed[:last], ", ") + " or " + allowed[last]
	case schema.AdditionalProperties != nil:
		return "map of " + schema.AdditionalProperties.Schema.Type + "s"
	case schema.Items != nil:
		kind := "list of " + schema.Items.Schema.Type + "s"
		if schema.MaxItems != nil {
			kind += fmt.Sprintf(", at most %d", *schema.MaxItems)
		}
		if len(schema.XListMapKeys) > 0 {
			kind += ", each " + code(strings.Join(schema.XListMapKeys, ",")) + " once"
		}
		return kind
	case schema.Minimum != nil && schema.Maximum != nil:
		return fmt.Sprintf("%s, %g to %g", schema.Type, *schema.Minimum, *schema.Maximum)
	case schema.MaxLength != nil:
		return fmt.Sprintf("%s, at most %d characters", schema.Type, *schema.MaxLength)
	default:
		return schema.Type
	}
}

// defaultOf gives what the API server fills in; an empty object only makes room for
// the defaults inside it.
func defaultOf(f field) string {
	if f.schema.Default == nil || string(f.schema.Default.Raw) == "{}" {
		return ""
	}
	return code(strings.Trim(string(f.schema.Default.Raw), `"`))
}
