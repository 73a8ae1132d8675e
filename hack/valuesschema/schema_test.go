package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/utils/ptr"
)

func TestValuesSchema(t *testing.T) {
	spec := &apiextensionsv1.JSONSchemaProps{Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{
		// One of the fields that the chart has no value for.
		"paused":  {Type: "boolean"},
		"pace":    {Type: "integer", Minimum: ptr.To(1.0), Default: &apiextensionsv1.JSON{Raw: []byte("5")}, Description: "is left out"},
		"class":   {Type: "string", MinLength: ptr.To[int64](1), MaxLength: ptr.To[int64](63)},
		"policy":  {Type: "string", Enum: []apiextensionsv1.JSON{{Raw: []byte(`"Always"`)}}},
		"amount":  {XIntOrString: true},
		"derived": {Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{"name": {Type: "string"}}},
	}}
	schema, err := valuesSchema(spec, map[string]any{
		"required": []any{"checksum"},
		"properties": map[string]any{
			"amount":   nil,
			"checksum": map[string]any{"type": "string"},
			"derived":  map[string]any{"$ref": "#/definitions/derived"},
		},
	})
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"type": "object", "additionalProperties": false, "required": []any{"checksum", "pace"},
		"properties": map[string]any{
			"pace":     map[string]any{"type": "integer", "minimum": 1.0},
			"class":    map[string]any{"type": "string", "maxLength": 63.0},
			"policy":   map[string]any{"type": "string", "enum": []any{"", "Always"}},
			"checksum": map[string]any{"type": "string"},
			"derived":  map[string]any{"$ref": "#/definitions/derived"},
		},
	}, schema)
}

// The file that is there is what the generator writes.
func TestSchemaIsCurrent(t *testing.T) {
	generated, err := generate("../..")
	require.NoError(t, err)
	current, err := os.ReadFile("../../" + written)
	require.NoError(t, err)
	require.Equal(t, string(current), string(generated), "run make manifests")
}
