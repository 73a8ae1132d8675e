package arbitrary

import (
	"encoding/json"
	"os"

	"sigs.k8s.io/yaml"
)

// ReadSpec gives, as JSON, what stands behind spec in a file; nothing where there is no spec.
func ReadSpec(path string) (json.RawMessage, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var read struct {
		Spec json.RawMessage `json:"spec"`
	}
	if err := yaml.Unmarshal(content, &read); err != nil {
		return nil, err
	}
	return read.Spec, nil
}
