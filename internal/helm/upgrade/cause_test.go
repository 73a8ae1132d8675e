package upgrade

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/version"
)

func TestChangedFields(t *testing.T) {
	before := &corev1.PodTemplateSpec{}
	before.Annotations = map[string]string{"barq.db/secrets-checksum": "a", "note": "kept"}
	before.Spec.TerminationGracePeriodSeconds = ptr.To[int64](60)
	before.Spec.Containers = []corev1.Container{{
		Name: "barq-db", Image: "a", Env: []corev1.EnvVar{{Name: "RUST_LOG", Value: "info"}},
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m")}},
	}}
	found, err := ChangedFields(before, before.DeepCopy())
	require.NoError(t, err)
	require.Empty(t, found)

	after := before.DeepCopy()
	after.Annotations["barq.db/secrets-checksum"] = "b"
	after.Spec.PriorityClassName = "high"
	after.Spec.TerminationGracePeriodSeconds = nil
	after.Spec.Containers[0].Env[0].Value = "debug"
	after.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse("1")
	found, err = ChangedFields(before, after)
	require.NoError(t, err)
	require.Equal(t, []string{
		SecretsField, "spec.containers[barq-db].env[RUST_LOG].value", "spec.containers[barq-db].resources.requests.cpu",
		"spec.priorityClassName", "spec.terminationGracePeriodSeconds",
	}, found)
}

func TestWhyPodsRestart(t *testing.T) {
	const image = "spec.containers[barq-db].image"
	for name, test := range map[string]struct {
		changed []string
		secrets []string
		rollout string
		want    string
	}{
		"a field":   {[]string{image}, nil, labels.Requested, "the spec has changed (generation 3): " + image},
		"a Secret":  {[]string{SecretsField}, []string{"keys"}, labels.Requested, "Secret keys has changed"},
		"Secrets":   {[]string{SecretsField}, []string{"certificate", "keys"}, labels.Requested, "one of these Secrets has changed: certificate, keys"},
		"both":      {[]string{SecretsField, image}, []string{"keys"}, labels.Requested, "the spec (generation 3) or a Secret that it refers to has changed: " + image},
		"operator":  {[]string{image}, nil, labels.Unrequested, "operator " + version.Version + " renders them differently from the one before, for the same spec: " + image},
		"queued":    {[]string{image}, nil, labels.Requested, "the spec (generation 3) or a Secret has changed, and a change that was queued goes with it: " + image},
		"very many": {[]string{"a", "b", "c", "d", "e", "f", "g"}, nil, labels.Requested, "the spec has changed (generation 3): a, b, c, d, e and 2 more"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, Cause(test.changed, test.secrets, Plan{Rollout: test.rollout}, 3, name == "queued"))
		})
	}
}

// The cause in a StatefulSet stays there until its next restart.
func TestTheSecretsOfAPod(t *testing.T) {
	pod := &corev1.PodSpec{ImagePullSecrets: []corev1.LocalObjectReference{{Name: "registry"}}}
	of := func(name string) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: "key"}}
	}
	pod.Containers = []corev1.Container{{Env: []corev1.EnvVar{
		{Name: "A", ValueFrom: of("keys")},
		{Name: "B", ValueFrom: of("keys")},
		{Name: "C", Value: "c"},
		{Name: "D", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
	}}}
	pod.Volumes = []corev1.Volume{
		{Name: "data"}, {Name: "tls", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "certificate"}}},
	}
	require.Equal(t, []string{"certificate", "keys"}, SecretsOf(pod))
}
