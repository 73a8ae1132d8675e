package interning

import (
	"reflect"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	// kept is how many strings are remembered at least. Those of a thousand objects of the same
	// chart are a few hundred, beside those that only one of them has.
	kept = 4096
	// longest is the length in bytes of a string that is worth to be looked up.
	longest = 4096
)

// Strings remembers strings that were seen lately. Which ones are forgotten costs memory only: the
// next of its kind is remembered instead. Its zero value is ready, and it may be used by several goroutines at once.
type Strings struct {
	lock sync.Mutex
	// recent takes what is seen until it is full, and takes the place of former then.
	recent, former map[string]string
}

// Share is a transform for a cache: it replaces strings in the object by equal ones that were seen before. Nobody else may
// have the object yet. It returns it, and never an error.
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

func (s *Strings) one(text string) string {
	if text == "" || len(text) > longest {
		return text
	}
	if known, ok := s.recent[text]; ok {
		return known
	}
	known, ok := s.former[text]
	if !ok {
		known = text
	}
	if len(s.recent) >= kept || s.recent == nil {
		s.former, s.recent = s.recent, make(map[string]string, kept)
	}
	s.recent[known] = known
	return known
}

// inValue does so in what JSON is parsed to.
func (s *Strings) inValue(value any) any {
	switch value := value.(type) {
	case string:
		return s.one(value)
	case map[string]any:
		for key, item := range value {
			// The key is replaced too: Go takes the newer one of two that are equal.
			value[s.one(key)] = s.inValue(item)
		}
	case []any:
		for i, item := range value {
			value[i] = s.inValue(item)
		}
	}
	return value
}

// inField does so in what can be set of a type of Kubernetes'.
func (s *Strings) inField(field reflect.Value) {
	switch field.Kind() {
	case reflect.String:
		field.SetString(s.one(field.String()))
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
		// Others are few, and their values cannot be set in place.
		if texts, ok := field.Interface().(map[string]string); ok {
			for key, text := range texts {
				texts[s.one(key)] = s.one(text)
			}
		}
	}
}
