package apply

import (
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// wholes are, for each kind of the chart, the top-level fields in which nothing stays that the chart does not render. Fields outside
// them are added by webhooks, injectors and platforms: labels, annotations, finalizers, the pull secrets of an account.
var wholes = map[string][]string{
	"ConfigMap":           {"data", "binaryData", "immutable"},
	"NetworkPolicy":       {"spec"},
	"PodDisruptionBudget": {"spec"},
	"PodMonitor":          {"spec"},
	"Service":             {"spec"},
	"ServiceAccount":      {"automountServiceAccountToken"},
	"StatefulSet":         {"spec"},
}

// shared are the lists of a pod's spec to which injectors add entries. An entry that the chart renders is the chart's whole.
var shared = []string{"containers", "initContainers", "volumes", "imagePullSecrets", "hostAliases"}

// whole reports whether the chart owns a field whole: if it does not render it, the field goes. rendered are the fields that the
// chart renders, or has rendered.
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
