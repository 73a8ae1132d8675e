package bundle

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	operatorsv1alpha1 "github.com/operator-framework/api/pkg/operators/v1alpha1"
	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// descriptor is what a form shows of a field, apart from its widget.
type descriptor struct{ Path, Description string }

// kinds are the types of the spec and of the status of each kind, by its name.
var kinds = map[string]struct{ spec, status reflect.Type }{
	v1alpha1.BarqClusterKind.Kind:     {reflect.TypeFor[v1alpha1.BarqClusterSpec](), reflect.TypeFor[v1alpha1.BarqClusterStatus]()},
	v1alpha1.BarqBackupStoreKind.Kind: {reflect.TypeFor[v1alpha1.BarqBackupStoreSpec](), reflect.TypeFor[v1alpha1.BarqBackupStoreStatus]()},
}

// owned gives what the bundle says of each kind, with the schema of the kind.
func owned(t *testing.T, use func(*testing.T, operatorsv1alpha1.CRDDescription, *apiextensionsv1.JSONSchemaProps)) {
	t.Helper()
	bundle := load(t)
	require.Len(t, bundle.V1CRDs, len(kinds))
	require.Len(t, bundle.CSV.Spec.CustomResourceDefinitions.Owned, len(kinds))
	for _, each := range bundle.CSV.Spec.CustomResourceDefinitions.Owned {
		at := slices.IndexFunc(bundle.V1CRDs, func(crd *apiextensionsv1.CustomResourceDefinition) bool { return crd.Spec.Names.Kind == each.Kind })
		require.GreaterOrEqual(t, at, 0, each.Kind)
		t.Run(each.Kind, func(t *testing.T) { use(t, each, bundle.V1CRDs[at].Spec.Versions[0].Schema.OpenAPIV3Schema) })
	}
}

// Every field of the API is in the forms, with what the CRD says of it. Fields of
// Kubernetes' own types, such as those of an affinity, are not told apart.
func TestDescriptors(t *testing.T) {
	owned(t, func(t *testing.T, owned operatorsv1alpha1.CRDDescription, schema *apiextensionsv1.JSONSchemaProps) {
		var spec, status []descriptor
		for _, each := range owned.SpecDescriptors {
			require.NotEmpty(t, each.DisplayName, each.Path)
			spec = append(spec, descriptor{each.Path, onOneLine(each.Description)})
		}
		for _, each := range owned.StatusDescriptors {
			require.NotEmpty(t, each.DisplayName, each.Path)
			status = append(status, descriptor{each.Path, onOneLine(each.Description)})
		}

		const advice = "put a marker +operator-sdk:csv:customresourcedefinitions on the field in api/v1alpha1, then run make bundle"
		require.ElementsMatch(t, fieldsOf(t, kinds[owned.Kind].spec, schema.Properties["spec"], ""), spec, advice)
		require.ElementsMatch(t, fieldsOf(t, kinds[owned.Kind].status, schema.Properties["status"], ""), status, advice)
	})
}

// A list to choose from has the values that the API server takes, and a field that
// others depend on is there.
func TestWidgetsAgreeWithTheSchema(t *testing.T) {
	checked := 0
	owned(t, func(t *testing.T, owned operatorsv1alpha1.CRDDescription, whole *apiextensionsv1.JSONSchemaProps) {
		schema := whole.Properties["spec"]
		for _, each := range owned.SpecDescriptors {
			var choices []string
			for _, widget := range each.XDescriptors {
				if choice, found := strings.CutPrefix(widget, "urn:alm:descriptor:com.tectonic.ui:select:"); found {
					choices = append(choices, choice)
				}
				if dependency, found := strings.CutPrefix(widget, "urn:alm:descriptor:com.tectonic.ui:fieldDependency:"); found {
					path, _, _ := strings.Cut(dependency, ":")
					require.NotNil(t, at(schema, path), "%s depends on %s", each.Path, path)
					checked++
				}
			}
			if choices == nil {
				continue
			}
			checked++
			var values []string
			for _, value := range at(schema, each.Path).Enum {
				values = append(values, strings.Trim(string(value.Raw), `"`))
			}
			require.Equal(t, values, choices,
				"the form of %s offers what +kubebuilder:validation:Enum does not list in this order; write the same in both markers, then run make bundle", each.Path)
		}
	})
	require.NotZero(t, checked)
}

// fieldsOf gives the fields of a struct of the API, and of those in it, as a form
// names them: the fields of the first element stand for those of a list.
func fieldsOf(t *testing.T, structure reflect.Type, schema apiextensionsv1.JSONSchemaProps, prefix string) []descriptor {
	t.Helper()
	var found []descriptor
	for field := range structure.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		property, inSchema := schema.Properties[name]
		require.True(t, inSchema, "%s%s is not in the CRD", prefix, name)
		found = append(found, descriptor{prefix + name, onOneLine(property.Description)})

		inner, innerPrefix := field.Type, prefix+name+"."
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Slice {
			inner, innerPrefix, property = inner.Elem(), prefix+name+"[0].", *property.Items.Schema
		}
		if inner.Kind() == reflect.Struct && inner.PkgPath() == structure.PkgPath() {
			found = append(found, fieldsOf(t, inner, property, innerPrefix)...)
		}
	}
	return found
}

// at gives the schema of the field at a dotted path, or nil.
func at(schema apiextensionsv1.JSONSchemaProps, path string) *apiextensionsv1.JSONSchemaProps {
	for name := range strings.SplitSeq(path, ".") {
		property, found := schema.Properties[name]
		if !found {
			return nil
		}
		schema = property
	}
	return &schema
}

// onOneLine undoes the line breaks of a comment, which the CRD and the descriptors keep
// in different places.
func onOneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
