package translate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/translate"
)

func TestToValuesNamesACharacterThatYAMLCannotCarry(t *testing.T) {
	for _, spec := range []v1alpha1.BarqClusterSpec{
		{Env: []v1alpha1.EnvVar{{Name: "A", Value: "a"}, {Name: "B", Value: "\x7f"}}},
		{PodAnnotations: v1alpha1.Annotations{"a": "\u009f"}},
	} {
		_, err := translate.ToValues(&v1alpha1.BarqCluster{Spec: spec}, translate.Facts{})
		var found *translate.CharacterError
		require.ErrorAs(t, err, &found)
		require.Equal(t, map[rune]string{
			0x7f: "spec.env[1].value: has the character U+007F, which YAML cannot carry; remove it",
			0x9f: "spec.podAnnotations.a: has the character U+009F, which YAML cannot carry; remove it",
		}[found.Character], err.Error())
	}
}

// The test tries each character, because the library does not document which ones it changes or
// refuses.
func TestOnlyWhatYAMLCannotCarryIsRefused(t *testing.T) {
	for character := rune(0); character <= 0x1ffff; character++ {
		text := "a" + string(character) + "b"
		written, err := yaml.Marshal(text)
		var read string
		carried := err == nil && yaml.Unmarshal(written, &read) == nil && read == text
		_, err = translate.ToValues(&v1alpha1.BarqCluster{Spec: v1alpha1.BarqClusterSpec{PriorityClassName: text}}, translate.Facts{})
		require.Equal(t, carried, err == nil, "%U: %v", character, err)
	}
}
