package interning

import (
	"hash/maphash"
	"maps"
	"reflect"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	// kept is how many strings, and how many maps, are remembered at least. Those of a thousand objects of the same
	// chart are a few hundred, beside those that only one of them has.
	kept = 4096
	// longest is the length in bytes of a string, or of all in a map, that is worth to be looked up.
	longest = 4096
)

// Strings remembers strings, and maps of them such as labels and conditions, that were seen lately. Which ones are forgotten costs memory only: the
// next of its kind is remembered instead. Its zero value is ready, and it may be used by several goroutines at once.
type Strings struct {
	lock  sync.Mutex
	texts lately[string, string]
	// maps and parsed, which have no other maps or lists in them, are by a sum of what they have.
	maps   lately[uint64, map[string]string]
	parsed lately[uint64, map[string]any]
}

var seed = maphash.MakeSeed()

// Share is a transform for a cache: it replaces strings and maps of strings in the object by equal ones that were seen before.
// Nobody else may have the object yet, and nobody may write to it later, as to all objects of a cache. It returns it, and never an error.
func (s *Strings) Share(object any) (any, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if parsed, ok := object.(*unstructured.Unstructured); ok {
		s.inValue(parsed.Object)
	} else if pointed := reflect.ValueOf(object); pointed.Kind() == reflect.Pointer {
		s.inField(pointed)
	}
	return object, nil
}

func (s *Strings) text(text string) string {
	if text == "" || len(text) > longest {
		return text
	}
	if known, ok := s.texts.find(text); ok {
		return known
	}
	s.texts.remember(text, text)
	return text
}

// textMap gives a map with shared strings.
func (s *Strings) textMap(texts map[string]string) map[string]string {
	size := 0
	for key, text := range texts {
		size += len(key) + len(text)
	}
	if size == 0 || size > longest {
		return texts
	}
	if known := shared(&s.maps, texts); known != nil {
		return known
	}
	for key, text := range texts {
		// The key is replaced too: Go takes the newer one of two that are equal.
		texts[s.text(key)] = s.text(text)
	}
	return texts
}

// inValue does so in what JSON is parsed to.
func (s *Strings) inValue(value any) any {
	switch value := value.(type) {
	case string:
		return s.text(value)
	case map[string]any:
		flat := true
		for key, item := range value {
			item = s.inValue(item)
			value[s.text(key)] = item
			switch item.(type) {
			case map[string]any, []any:
				flat = false
			}
		}
		if flat {
			if known := shared(&s.parsed, value); known != nil {
				return known
			}
		}
	case []any:
		for i, item := range value {
			value[i] = s.inValue(item)
		}
	}
	return value
}

// shared gives a map that is equal to the given one and was seen before, or nil. Values are compared with ==.
func shared[V comparable](seen *lately[uint64, map[string]V], one map[string]V) map[string]V {
	sum := uint64(0)
	for key, value := range one {
		// Whatever the order, the sum is the same.
		sum += maphash.Comparable(seed, entry[V]{key, value})
	}
	if known, ok := seen.find(sum); ok && maps.Equal(known, one) {
		return known
	}
	seen.remember(sum, one)
	return nil
}

type entry[V comparable] struct {
	key   string
	value V
}

// inField does so in what can be set of a type of Kubernetes'.
func (s *Strings) inField(field reflect.Value) {
	switch field.Kind() {
	case reflect.String:
		field.SetString(s.text(field.String()))
	case reflect.Pointer:
		if !field.IsNil() {
			s.inField(field.Elem())
		}
	case reflect.Struct:
		for i := range field.NumField() {
			if part := field.Field(i); part.CanSet() {
				s.inField(part)
			}
		}
	case reflect.Slice:
		if field.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		for i := range field.Len() {
			s.inField(field.Index(i))
		}
	case reflect.Map:
		// Other maps are few, and their values cannot be set in place.
		if texts, ok := field.Interface().(map[string]string); ok && field.CanSet() {
			field.Set(reflect.ValueOf(s.textMap(texts)))
		}
	}
}
