package admission

import (
	"context"
	"fmt"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	definitionvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apimachineryvalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// Definition is one version of a kind, as its CustomResourceDefinition has it.
type Definition struct {
	kind   schema.GroupVersionKind
	schema *structuralschema.Structural
	types  validation.SchemaValidator
	rules  *cel.Validator
}

// Load reads the file of a CustomResourceDefinition with a single version.
func Load(path string) (*Definition, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the CustomResourceDefinition: %w", err)
	}
	written := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(content, written); err != nil {
		return nil, fmt.Errorf("reading the CustomResourceDefinition %s: %w", path, err)
	}
	definition := &apiextensions.CustomResourceDefinition{}
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(written, definition, nil); err != nil {
		return nil, fmt.Errorf("converting the CustomResourceDefinition %s: %w", path, err)
	}
	// The API server writes this before it validates.
	for _, version := range definition.Spec.Versions {
		definition.Status.StoredVersions = append(definition.Status.StoredVersions, version.Name)
	}
	if errs := definitionvalidation.ValidateCustomResourceDefinition(context.Background(), definition); len(errs) > 0 {
		return nil, fmt.Errorf("CustomResourceDefinition %s: the API server refuses it: %w", path, errs.ToAggregate())
	}
	if len(definition.Spec.Versions) != 1 || definition.Spec.Validation == nil {
		return nil, fmt.Errorf("CustomResourceDefinition %s: has %d versions; only one is understood", path, len(definition.Spec.Versions))
	}
	loaded := &Definition{kind: schema.GroupVersionKind{
		Group: definition.Spec.Group, Version: definition.Spec.Versions[0].Name, Kind: definition.Spec.Names.Kind,
	}}
	properties := definition.Spec.Validation.OpenAPIV3Schema
	if loaded.schema, err = structuralschema.NewStructural(properties); err != nil {
		return nil, fmt.Errorf("CustomResourceDefinition %s: %w", path, err)
	}
	if loaded.types, _, err = validation.NewSchemaValidator(properties); err != nil {
		return nil, fmt.Errorf("CustomResourceDefinition %s: %w", path, err)
	}
	loaded.rules = cel.NewValidator(loaded.schema, true, celconfig.PerCallLimit)
	return loaded, nil
}

// Schema is the form of the objects. It must not be changed.
func (d *Definition) Schema() *structuralschema.Structural { return d.schema }

// Create says what is wrong with an object that a user wants to make, as the API
// server does. As there, unknown fields are gone from the object afterwards, and it has
// the defaults.
func (d *Definition) Create(object *unstructured.Unstructured) field.ErrorList {
	if kind := object.GroupVersionKind(); kind != d.kind {
		return field.ErrorList{field.Invalid(field.NewPath("kind"), kind.String(), "must be "+d.kind.String())}
	}
	metadata, found, err := objectmeta.GetObjectMeta(object.Object, false)
	if err != nil || !found {
		return field.ErrorList{field.TypeInvalid(field.NewPath("metadata"), object.Object["metadata"], fmt.Sprintf("is not metadata: %v", err))}
	}
	pruning.PruneWithOptions(object.Object, d.schema, true, structuralschema.UnknownFieldPathOptions{})
	defaulting.PruneNonNullableNullsWithoutDefaults(object.Object, d.schema)
	if err := objectmeta.Coerce(nil, object.Object, d.schema, false, false); err != nil {
		return field.ErrorList{err}
	}
	if err := objectmeta.SetObjectMeta(object.Object, metadata); err != nil {
		return field.ErrorList{field.InternalError(field.NewPath("metadata"), err)}
	}
	defaulting.Default(object.Object, d.schema)
	delete(object.Object, "status")

	errs := apimachineryvalidation.ValidateObjectMetaAccessor(object, true, apimachineryvalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	errs = append(errs, validation.ValidateCustomResource(nil, object.Object, d.types)...)
	errs = append(errs, objectmeta.Validate(nil, object.Object, d.schema, false)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, d.schema, object.Object)...)
	if len(errs) > 0 {
		// The API server goes on with some rules here, to tell more at once. The object is
		// refused either way.
		return errs
	}
	errs, _ = d.rules.Validate(context.Background(), nil, d.schema, object.Object, nil, celconfig.RuntimeCELCostBudget)
	return errs
}
