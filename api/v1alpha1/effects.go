package v1alpha1

import (
	"maps"
	"slices"
	"strings"
)

// Effect is what a change of a field does. The marker +barq:effect of a field says it for the field and for those below it.
type Effect string

const (
	// EffectRestart: the pods restart one at a time.
	EffectRestart Effect = "restart"
	// EffectApply: objects change, and the pods run on.
	EffectApply Effect = "apply"
	// EffectOperator: the operator does it itself, and the chart has no value for it.
	EffectOperator Effect = "operator"
	// EffectNone: nothing that runs changes. The API server or the status reads the field.
	EffectNone Effect = "none"
)

// EffectOf returns the effect of a field of the spec, and false for a path that is not a field's. A path is for instance
// storage.retention.reclaim.
func EffectOf(path string) (Effect, bool) {
	for {
		if effect, ok := effects[path]; ok {
			return effect, true
		}
		end := strings.LastIndex(path, ".")
		if end < 0 {
			return "", false
		}
		path = path[:end]
	}
}

// FieldsWithEffect returns the sorted paths of the fields of the spec whose marker says one of the effects.
func FieldsWithEffect(wanted ...Effect) []string {
	var paths []string
	for _, path := range slices.Sorted(maps.Keys(effects)) {
		if slices.Contains(wanted, effects[path]) {
			paths = append(paths, path)
		}
	}
	return paths
}

// reset sets a field to its zero value.
func reset[T any](field *T) { *field = *new(T) }
