package report

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Environment describes every variable of a container in a row: its name, and its
// value or where it comes from.
func Environment(container *corev1.Container) [][]string {
	rows := [][]string{{"NAME", "VALUE, OR WHERE IT COMES FROM"}}
	for _, source := range container.EnvFrom {
		rows = append(rows, []string{source.Prefix + "*", everyKey(source)})
	}
	for _, variable := range container.Env {
		rows = append(rows, []string{variable.Name, valueOf(variable)})
	}
	return rows
}

func valueOf(variable corev1.EnvVar) string {
	if variable.ValueFrom == nil {
		return legible(variable.Value)
	}
	switch source := variable.ValueFrom; {
	case source.SecretKeyRef != nil:
		return fmt.Sprintf("Secret %s, key %s", source.SecretKeyRef.Name, source.SecretKeyRef.Key) +
			ifPresent(source.SecretKeyRef.Optional)
	case source.ConfigMapKeyRef != nil:
		return fmt.Sprintf("ConfigMap %s, key %s", source.ConfigMapKeyRef.Name, source.ConfigMapKeyRef.Key) +
			ifPresent(source.ConfigMapKeyRef.Optional)
	case source.FieldRef != nil:
		return "field " + source.FieldRef.FieldPath + " of the pod"
	case source.ResourceFieldRef != nil:
		return source.ResourceFieldRef.Resource + " of the container"
	default:
		return "a source that the demo does not know"
	}
}

func everyKey(source corev1.EnvFromSource) string {
	switch {
	case source.SecretRef != nil:
		return "every key of Secret " + source.SecretRef.Name + ifPresent(source.SecretRef.Optional)
	case source.ConfigMapRef != nil:
		return "every key of ConfigMap " + source.ConfigMapRef.Name + ifPresent(source.ConfigMapRef.Optional)
	default:
		return "a source that the demo does not know"
	}
}

func ifPresent(optional *bool) string {
	if optional != nil && *optional {
		return ", if it is there"
	}
	return ""
}

// legible quotes what would be lost in a table.
func legible(value string) string {
	quoted := strconv.Quote(value)
	if value == "" || strings.TrimSpace(value) != value || quoted != `"`+value+`"` {
		return quoted
	}
	return value
}
