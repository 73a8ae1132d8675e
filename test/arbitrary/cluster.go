package arbitrary

import (
	"maps"
	"slices"
	"strings"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Namespace is that of every BarqCluster that is made here.
const Namespace = "team"

// Cluster makes a BarqCluster of the given schema.
func Cluster(schema *structuralschema.Structural, data []byte) *unstructured.Unstructured {
	from := &source{left: data}
	spec := schema.Properties["spec"]
	name := of(from, clusterNames)
	return WithSpec(name, from.value("spec", &spec))
}

// Value makes a value of the given schema for the field of that name.
func Value(name string, schema *structuralschema.Structural, data []byte) any {
	return (&source{left: data}).value(name, schema)
}

// UID is that of every BarqCluster that is made here. The API server gives another one to what it creates.
const UID = "6e8f0c6e-1f0c-4f4e-9a43-2d2b6d0f6a11"

// WithSpec is a BarqCluster with a spec that was made elsewhere, which need not be an object.
func WithSpec(name string, spec any) *unstructured.Unstructured {
	cluster := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": name, "namespace": Namespace, "uid": UID},
		"spec":     spec,
	}}
	cluster.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("BarqCluster"))
	return cluster
}

// value makes a value of a schema; name is that of the field, or of the list that it is in.
func (s *source) value(name string, schema *structuralschema.Structural) any {
	if schema.XIntOrString {
		return s.intOrString(name)
	}
	if schema.ValueValidation != nil && len(schema.ValueValidation.Enum) > 0 {
		return of(s, schema.ValueValidation.Enum).Object
	}
	switch schema.Type {
	case "object":
		if schema.AdditionalProperties != nil && schema.AdditionalProperties.Structural != nil {
			return s.mapping(name, schema.AdditionalProperties.Structural)
		}
		return s.object(schema)
	case "array":
		list := make([]any, s.count())
		for i := range list {
			list[i] = s.value(name, schema.Items)
		}
		return list
	case "boolean":
		return s.next()%2 == 1
	case "integer", "number":
		return s.integer(schema)
	default:
		return s.word(name)
	}
}

// object makes the fields that must be there, and a few others.
func (s *source) object(schema *structuralschema.Structural) map[string]any {
	made := map[string]any{}
	names := slices.Sorted(maps.Keys(schema.Properties))
	if len(names) == 0 {
		return made
	}
	chosen := []string{}
	if schema.ValueValidation != nil {
		chosen = slices.Clone(schema.ValueValidation.Required)
	}
	for range s.below(2 + min(len(names), 6)) {
		chosen = append(chosen, of(s, names))
	}
	for _, name := range chosen {
		property := schema.Properties[name]
		made[name] = s.value(name, &property)
	}
	return made
}

func (s *source) mapping(name string, values *structuralschema.Structural) map[string]any {
	made := map[string]any{}
	for range s.count() {
		key := s.word(name + " key")
		made[key] = s.value(name, values)
	}
	return made
}

// count is a length: mostly short, rarely more than most lists may have.
func (s *source) count() int {
	if length := s.below(64); length < 60 {
		return length % 4
	}
	return 20 + s.below(60)
}

func (s *source) integer(schema *structuralschema.Structural) int64 {
	choices := slices.Clone(integers)
	if limits := schema.ValueValidation; limits != nil {
		if limits.Minimum != nil {
			choices = append(choices, int64(*limits.Minimum))
		}
		if limits.Maximum != nil {
			choices = append(choices, int64(*limits.Maximum))
		}
	}
	return of(s, choices)
}

// intOrString is a quantity.
func (s *source) intOrString(name string) any {
	if s.below(4) == 3 {
		return of(s, integers)
	}
	if name == "divisor" {
		return of(s, divisors)
	}
	return s.choice(quantities)
}

// word is a text for the field of that name.
func (s *source) word(name string) string {
	if fitting, known := words[name]; known {
		return s.choice(fitting)
	}
	if strings.HasSuffix(name, " key") {
		return s.choice(labelKeys)
	}
	return s.choice(names)
}

// choice takes a text that fits, mostly; else one that may fit nowhere.
func (s *source) choice(fitting []string) string {
	switch kind := s.below(16); kind {
	case 14:
		return of(s, oddities)
	case 15:
		return s.text()
	default:
		return of(s, fitting)
	}
}
