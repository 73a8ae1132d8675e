package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// Differences returns the paths of the fields in which two objects differ. It returns no values, because those of
// variables may be secret.
func Differences(path string, before, after any) ([]string, error) {
	left, err := Plain(before)
	right, rightErr := Plain(after)
	if err := errors.Join(err, rightErr); err != nil {
		return nil, fmt.Errorf("comparing %s: %w", path, err)
	}
	return differ(path, left, right), nil
}

// Plain returns an object as encoding/json reads it from its JSON.
func Plain(object any) (any, error) {
	content, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	var plain any
	return plain, json.Unmarshal(content, &plain)
}

func differ(path string, before, after any) []string {
	if reflect.DeepEqual(before, after) {
		return nil
	}
	left, leftIs := fieldsOf(before)
	right, rightIs := fieldsOf(after)
	if !leftIs || !rightIs {
		return []string{path}
	}
	var found []string
	for name := range left {
		found = append(found, differ(path+name, left[name], right[name])...)
	}
	for name := range right {
		if _, both := left[name]; !both {
			found = append(found, differ(path+name, nil, right[name])...)
		}
	}
	if len(found) == 0 {
		// The lists have the same items in another order.
		return []string{path}
	}
	slices.Sort(found)
	return found
}

// fieldsOf returns the fields of an object, or the items of a list of named things.
func fieldsOf(value any) (map[string]any, bool) {
	fields := map[string]any{}
	switch value := value.(type) {
	case map[string]any:
		for name, field := range value {
			fields["."+name] = field
		}
		return fields, true
	case []any:
		for _, item := range value {
			object, _ := item.(map[string]any)
			name, named := object["name"].(string)
			if !named {
				return nil, false
			}
			fields["["+name+"]"] = item
		}
		return fields, true
	default:
		return nil, false
	}
}
