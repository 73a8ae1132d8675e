package apply

import (
	"reflect"
	"slices"
)

// Covers reports whether a value has all that is wanted of it, both in the form of JSON. Lists of objects may have more entries, in
// between too, as injectors add them: whether the chart owns them whole is a matter of their managed fields. Other lists are compared whole.
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
		// Go types write some empty texts that the API server leaves out.
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

// Keeps reports whether a manifest has every field that a former one had, whatever their values. Lists of another length do not.
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

// named returns the name of an entry of a list, by which the API server merges most of them.
func named(entry any) any {
	object, _ := entry.(map[string]any)
	return object["name"]
}
