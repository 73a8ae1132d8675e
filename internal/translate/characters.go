package translate

import (
	"fmt"
	"maps"
	"slices"
)

// CharacterError says that a text has a character that does not survive the chart. YAML
// mostly forbids it, and Helm's toYaml then writes nothing at all, without an error: a variable with
// such a character would take all others with it.
type CharacterError struct {
	// Field of the spec, and the character.
	Field     string
	Character rune
}

func (e *CharacterError) Error() string {
	return fmt.Sprintf("%s: has the character %U, which YAML cannot carry; remove it", e.Field, e.Character)
}

// checkCharacters looks for such characters in values, in which fields are named as in the spec.
func checkCharacters(path string, value any) error {
	switch value := value.(type) {
	case string:
		for _, character := range value {
			if !writable(character) {
				return &CharacterError{Field: path, Character: character}
			}
		}
	case []any:
		for i, item := range value {
			if err := checkCharacters(fmt.Sprintf("%s[%d]", path, i), item); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			field := path + "." + key
			if err := checkCharacters(field, key); err != nil {
				return err
			}
			if err := checkCharacters(field, value[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

// writable tells whether a character comes out of YAML as it went in. Those below the space are
// escaped before they get there; U+0085 becomes a space.
func writable(character rune) bool {
	control := character >= 0x7f && character < 0xa0
	return !control && character != 0xfffe && character != 0xffff
}
