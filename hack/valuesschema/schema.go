package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// kept are the keywords that mean the same in a JSON schema.
var kept = []string{"type", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"}

// valuesSchema returns the schema of the chart's values: that of the spec, changed by the overlay.
func valuesSchema(spec *apiextensionsv1.JSONSchemaProps, overlay map[string]any) (map[string]any, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("reading the schema of the spec: %w", err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		return nil, fmt.Errorf("reading the schema of the spec: %w", err)
	}
	return merge(valueOf(schema, "", false), overlay), nil
}

// valueOf returns the JSON schema of a field of the CRD. Where a field is optional the chart takes the empty text for no value.
func valueOf(field map[string]any, path string, optional bool) map[string]any {
	if field["x-kubernetes-int-or-string"] == true {
		return map[string]any{"type": []any{"string", "number"}}
	}
	schema := map[string]any{}
	for _, keyword := range kept {
		if optional && keyword == "minLength" {
			continue
		}
		if value, ok := field[keyword]; ok {
			schema[keyword] = value
		}
	}
	if values, ok := field["enum"].([]any); ok {
		if optional {
			values = append([]any{""}, values...)
		}
		schema["enum"] = values
	}
	if items, ok := field["items"].(map[string]any); ok {
		schema["items"] = valueOf(items, path, false)
	}
	if values, ok := field["additionalProperties"].(map[string]any); ok {
		schema["additionalProperties"] = valueOf(values, path, false)
	}
	if properties, ok := field["properties"].(map[string]any); ok {
		addProperties(schema, properties, field["required"], path)
	}
	return schema
}

// addProperties adds the fields of an object that the chart has values for. One with a default has one in values.yaml too, so
// that only null takes it away.
func addProperties(schema, properties map[string]any, needed any, path string) {
	required := listOf(needed)
	added := map[string]any{}
	for name, property := range properties {
		property := property.(map[string]any)
		inner := name
		if path != "" {
			inner = path + "." + name
		}
		if effect, _ := v1alpha1.EffectOf(inner); effect == v1alpha1.EffectNone || effect == v1alpha1.EffectOperator {
			continue
		}
		if _, ok := property["default"]; ok && !slices.Contains(required, any(name)) {
			required = append(required, name)
		}
		added[name] = valueOf(property, inner, !slices.Contains(required, any(name)))
	}
	schema["properties"], schema["additionalProperties"] = added, false
	if len(required) > 0 {
		schema["required"] = sorted(required)
	}
}

// merge returns a schema with the changes of an overlay, as a JSON merge patch has them (RFC 7396), with two differences. A
// reference in the overlay takes the place of all that the schema has there, and required names are added to those of the schema.
func merge(schema, overlay map[string]any) map[string]any {
	if _, ok := overlay["$ref"]; ok {
		return overlay
	}
	for key, change := range overlay {
		inner, isObject := change.(map[string]any)
		below, hasObject := schema[key].(map[string]any)
		switch {
		case change == nil:
			delete(schema, key)
		case key == "required":
			schema[key] = sorted(append(listOf(schema[key]), listOf(change)...))
		case isObject && hasObject:
			schema[key] = merge(below, inner)
		default:
			schema[key] = change
		}
	}
	return schema
}

// listOf returns a copy of a list, empty if there is none.
func listOf(list any) []any {
	elements, _ := list.([]any)
	return slices.Clone(elements)
}

// sorted sorts names, so that each run writes them alike.
func sorted(names []any) []any {
	slices.SortFunc(names, func(a, b any) int { return cmp.Compare(a.(string), b.(string)) })
	return names
}
