package spechash

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Of returns a checksum of the parts of a spec that affect what runs.
func Of(spec *v1alpha1.BarqClusterSpec) (string, error) {
	spec = spec.DeepCopy()
	spec.ResetWithoutEffect()
	if !spec.Tiering.Enabled {
		spec.Tiering.Warm, spec.Tiering.Cold = nil, nil
	}
	// An empty list asks for no constraints, and a missing list leaves them to the chart. The JSON of
	// a spec has neither.
	unconstrained := spec.TopologySpreadConstraints != nil && len(spec.TopologySpreadConstraints) == 0
	// json.Marshal sorts fields and map keys, so equal specs have equal texts.
	text, err := json.Marshal([]any{spec, unconstrained})
	if err != nil {
		return "", fmt.Errorf("summing up the spec: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
