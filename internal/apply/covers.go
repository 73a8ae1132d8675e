package apply

import (
	"reflect"
	"slices"
)

// Covers reports whether a value has all of a wanted one, both in the form of JSON. Lists of objects may have more
// entries, also in between, as injectors add them. Managed fields decide whether the chart owns such a list whole.
// Other lists are compared whole.
func Covers(have, want any) bool {
	switch want := want.(type) {
	case nil:
		return true
	case map[string]any:
		have, _ := have.(map[string]any)
		for name, value := range want {
			if !Covers(have[name], value) {
				return false
			}
		}
		return true
	case []any:
		have, _ := have.([]any)
		return coversList(have, want)
	default:
		// Go types write some empty strings that the API server leaves out.
		return have == want || have == nil && want == ""
	}
}

func coversList(have, want []any) bool {
	if len(want) == 0 {
		return len(have) == 0
	}
	if _, objects := want[0].(map[string]any); !objects {
		return reflect.DeepEqual(have, want)
	}
	for _, one := range want {
		i := slices.IndexFunc(have, func(entry any) bool { return Covers(entry, one) })
		if i < 0 {
			return false
		}
		have = have[i+1:]
	}
	return true
}

// Keeps reports whether a manifest has every field of a former one, whatever their values. It reports false if the
// length of a list has changed.
func Keeps(manifest, former any) bool {
	switch former := former.(type) {
	case map[string]any:
		manifest, _ := manifest.(map[string]any)
		for name, value := range former {
			now, has := manifest[name]
			if !has || !Keeps(now, value) {
				return false
			}
		}
		return true
	case []any:
		manifest, _ := manifest.([]any)
		if len(manifest) != len(former) {
			return false
		}
		for i := range former {
			if !Keeps(manifest[i], former[i]) || named(manifest[i]) != named(former[i]) {
				return false
			}
		}
		return true
	default:
		return true
	}
}

// named returns the name of an entry of a list. The API server merges most lists by it.
func named(entry any) any {
	object, _ := entry.(map[string]any)
	return object["name"]
}
