package upgrade

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"helm.sh/helm/v3/pkg/release"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/version"
)

// SecretsField is the field of a pod template that changes with the Secrets that the pods use.
const SecretsField = "metadata.annotations.barq.db/secrets-checksum"

// namedFields is how many fields a message names.
const namedFields = 5

// ChangedFields returns the paths of the fields in which two pod templates differ, as the API server has them.
func ChangedFields(before, after *corev1.PodTemplateSpec) ([]string, error) {
	found, err := manifest.Differences("", before, after)
	for i := range found {
		found[i] = strings.TrimPrefix(found[i], ".")
	}
	return found, err
}

// ChangeOf returns the names of the fields of the pod template in which what was rendered differs from the newest
// revision. It returns none if that revision is not believed.
func ChangeOf(newest, rendered *release.Release) (string, error) {
	if !labels.Believed(newest) {
		return "", nil
	}
	before, err := manifest.Typed[appsv1.StatefulSet](newest.Manifest, owned.StatefulSetKind.Kind)
	if err != nil {
		return "", err
	}
	after, err := manifest.Typed[appsv1.StatefulSet](rendered.Manifest, owned.StatefulSetKind.Kind)
	if err != nil {
		return "", err
	}
	changed, err := ChangedFields(&before.Spec.Template, &after.Spec.Template)
	return ListFields(changed), err
}

// Cause returns why pods restart: the changed part of a spec, its Secrets, or an operator that renders them
// differently. changed has the fields of the pod template, and secrets the names of the Secrets that its pods use. If
// the spec asks for a change, a queued one joins it, and queued says so. Cause names no values, because those of
// variables may be secret.
func Cause(changed, secrets []string, wanted Plan, generation int64, queued bool) string {
	rotated := slices.Contains(changed, SecretsField)
	fields := slices.DeleteFunc(slices.Clone(changed), func(field string) bool { return field == SecretsField })
	switch {
	case wanted.Rollout == labels.Unrequested:
		return fmt.Sprintf("operator %s renders them differently from the one before, for the same spec: %s", version.Version, ListFields(changed))
	case rotated && len(fields) == 0 && len(secrets) == 1:
		return fmt.Sprintf("Secret %s has changed", secrets[0])
	case rotated && len(fields) == 0:
		return "one of these Secrets has changed: " + ListFields(secrets)
	case queued:
		return fmt.Sprintf("the spec (generation %d) or a Secret has changed, and a change that was queued goes with it: %s", generation, ListFields(fields))
	case rotated:
		return fmt.Sprintf("the spec (generation %d) or a Secret that it refers to has changed: %s", generation, ListFields(fields))
	default:
		return fmt.Sprintf("the spec has changed (generation %d): %s", generation, ListFields(fields))
	}
}

// SecretsOf returns the names of the Secrets from which the database takes variables and files. The pod template has
// their checksum.
func SecretsOf(pod *corev1.PodSpec) []string {
	var names []string
	for i := range pod.Containers {
		for _, variable := range pod.Containers[i].Env {
			if variable.ValueFrom != nil && variable.ValueFrom.SecretKeyRef != nil {
				names = append(names, variable.ValueFrom.SecretKeyRef.Name)
			}
		}
	}
	for i := range pod.Volumes {
		if secret := pod.Volumes[i].Secret; secret != nil {
			names = append(names, secret.SecretName)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ListFields returns a text with the names of the first fields and the number of the others.
func ListFields(fields []string) string {
	shown := fields[:min(len(fields), namedFields)]
	text := strings.Join(shown, ", ")
	if more := len(fields) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
