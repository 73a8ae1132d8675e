package translate

import (
	"fmt"
	"maps"
	"slices"
)

// CharacterError says that a text has a character that the chart cannot render. YAML mostly forbids
// such characters. Helm's toYaml then writes nothing at all, without an error: one such variable would
// remove all others.
type CharacterError struct {
	// Field is the field of the spec, and Character the character.
	Field     string
	Character rune
}

func (e *CharacterError) Error() string {
	return fmt.Sprintf("%s: has the character %U, which YAML cannot carry; remove it", e.Field, e.Character)
}

// checkCharacters returns a CharacterError for such a character in values, whose fields have the names
// of the spec.
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

// writable reports whether YAML preserves a character. Characters below the space are escaped before
// that; U+0085 becomes a space.
func writable(character rune) bool {
	control := character >= 0x7f && character < 0xa0
	return !control && character != 0xfffe && character != 0xffff
}
