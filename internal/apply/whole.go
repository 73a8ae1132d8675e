package apply

import (
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// wholes has, for each kind of the chart, the top-level fields that the chart owns whole. The operator removes there
// what the chart does not render. Webhooks, injectors and platforms add fields elsewhere: labels, annotations,
// finalizers, the pull secrets of an account.
var wholes = map[string][]string{
	"ConfigMap":           {"data", "binaryData", "immutable"},
	"NetworkPolicy":       {"spec"},
	"PodDisruptionBudget": {"spec"},
	"PodMonitor":          {"spec"},
	"Service":             {"spec"},
	"ServiceMonitor":      {"spec"},
	"ServiceAccount":      {"automountServiceAccountToken"},
	"StatefulSet":         {"spec"},
}

// shared has the lists of a pod's spec to which injectors add entries. The chart owns an entry whole that it renders.
var shared = []string{"containers", "initContainers", "volumes", "imagePullSecrets", "hostAliases"}

// whole reports whether the chart owns a field whole: if the chart does not render the field, the operator removes it.
// rendered has the fields that the chart renders, or has rendered.
func whole(kind string, path fieldpath.Path, rendered *fieldpath.Set) bool {
	if !startsWithAny(path, wholes[kind]) {
		return false
	}
	if kind != "StatefulSet" || !startsWith(path, "spec", "template") {
		return true
	}
	if startsWith(path, "spec", "template", "metadata") {
		return false
	}
	for _, list := range shared {
		if startsWith(path, "spec", "template", "spec", list) {
			const entry = 5
			return len(path) >= entry && rendered.Has(path[:entry])
		}
	}
	return true
}

// inTemplate reports whether a change of a field replaces pods.
func inTemplate(kind string, path fieldpath.Path) bool {
	return kind == "StatefulSet" && startsWith(path, "spec", "template")
}

func startsWithAny(path fieldpath.Path, names []string) bool {
	for _, name := range names {
		if startsWith(path, name) {
			return true
		}
	}
	return false
}

func startsWith(path fieldpath.Path, names ...string) bool {
	if len(path) < len(names) {
		return false
	}
	for i, name := range names {
		if path[i].FieldName == nil || *path[i].FieldName != name {
			return false
		}
	}
	return true
}
