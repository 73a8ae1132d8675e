package release

import (
	"fmt"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/release"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/version"
)

// secretsField is the field of a pod template that changes with the Secrets that the pods use.
const secretsField = "metadata.annotations.barq.db/secrets-checksum"

// namedFields is how many fields a message names.
const namedFields = 5

// changedFields returns the paths of the fields in which two pod templates differ, as the API server has them.
func changedFields(before, after *corev1.PodTemplateSpec) ([]string, error) {
	found, err := manifest.Differences("", before, after)
	for i := range found {
		found[i] = strings.TrimPrefix(found[i], ".")
	}
	return found, err
}

// tellsRestart records why the upgrade that was made restarts pods.
func (a *actions) tellsRestart() {
	if a.getter.events == nil || len(a.facts.restarts) == 0 {
		return
	}
	a.getter.events.Eventf(a.cluster, nil, corev1.EventTypeNormal, v1alpha1.ReasonRollingOut, "Upgrade",
		"the pods are replaced, because %s", a.facts.objects.Cause.Why)
}

// changeTo names the fields of the pod template in which what was rendered differs from the newest revision; none if that says nothing.
func (a *actions) changeTo(rendered *release.Release) (string, error) {
	if !labels.Believed(a.newest) {
		return "", nil
	}
	before, err := manifest.Typed[appsv1.StatefulSet](a.newest.Manifest, owned.StatefulSetKind.Kind)
	if err != nil {
		return "", err
	}
	after, err := manifest.Typed[appsv1.StatefulSet](rendered.Manifest, owned.StatefulSetKind.Kind)
	if err != nil {
		return "", err
	}
	changed, err := changedFields(&before.Spec.Template, &after.Spec.Template)
	return listFields(changed), err
}

// causeOf says why pods restart: what of a spec or of its Secrets has changed, or which operator makes them otherwise. changed are the
// fields of the pod template, and secrets the names of the Secrets that its pods use. A change that was queued goes with one that is asked for.
// It names no values, because those of variables may be secret.
func causeOf(changed, secrets []string, wanted plan, generation int64, queued bool) string {
	rotated := slices.Contains(changed, secretsField)
	fields := slices.DeleteFunc(slices.Clone(changed), func(field string) bool { return field == secretsField })
	switch {
	case wanted.rollout == labels.Unrequested:
		return fmt.Sprintf("operator %s makes them otherwise than the one before, for the same spec: %s", version.Version, listFields(changed))
	case rotated && len(fields) == 0 && len(secrets) == 1:
		return fmt.Sprintf("Secret %s has changed", secrets[0])
	case rotated && len(fields) == 0:
		return "one of these Secrets has changed: " + listFields(secrets)
	case queued:
		return fmt.Sprintf("the spec (generation %d) or a Secret has changed, and a change that was queued goes with it: %s", generation, listFields(fields))
	case rotated:
		return fmt.Sprintf("the spec (generation %d) or a Secret that it refers to has changed: %s", generation, listFields(fields))
	default:
		return fmt.Sprintf("the spec has changed (generation %d): %s", generation, listFields(fields))
	}
}

// secretsOf names the Secrets that the database takes variables and files from, of which the sum is in the pod template.
func secretsOf(pod *corev1.PodSpec) []string {
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

// listFields names fields, and leaves out what is too much.
func listFields(fields []string) string {
	shown := fields[:min(len(fields), namedFields)]
	text := strings.Join(shown, ", ")
	if more := len(fields) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
