// The command valuesschema writes values.schema.json of the chart barq-db, from the schema of the CRD and from overlay.json.
// `make manifests` runs it.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

const (
	definition = "config/crd/bases/barq.db_barqclusters.yaml"
	overlay    = "hack/valuesschema/overlay.json"
	written    = "helm-charts/barq-db/values.schema.json"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "valuesschema:", err)
		os.Exit(1)
	}
}

func run() error {
	text, err := generate("")
	if err != nil {
		return err
	}
	if err := os.WriteFile(written, text, 0o644); err != nil { //nolint:gosec // A file of the chart is for everyone to read.
		return fmt.Errorf("writing %s: %w", written, err)
	}
	return nil
}

// generate returns the text of the schema. The folder is that of the repository.
func generate(folder string) ([]byte, error) {
	content, err := os.ReadFile(filepath.Join(folder, definition))
	if err != nil {
		return nil, fmt.Errorf("reading the CustomResourceDefinition: %w", err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(content, &crd); err != nil {
		return nil, fmt.Errorf("reading %s: %w", definition, err)
	}
	own, err := os.ReadFile(filepath.Join(folder, overlay))
	if err != nil {
		return nil, fmt.Errorf("reading the overlay: %w", err)
	}
	var over map[string]any
	if err := json.Unmarshal(own, &over); err != nil {
		return nil, fmt.Errorf("reading %s: %w", overlay, err)
	}
	spec := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	schema, err := valuesSchema(&spec, over)
	if err != nil {
		return nil, err
	}
	text := &bytes.Buffer{}
	encoder := json.NewEncoder(text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	return text.Bytes(), nil
}
