package report

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

func TestEnvironment(t *testing.T) {
	keys, settings := corev1.LocalObjectReference{Name: "keys"}, corev1.LocalObjectReference{Name: "settings"}
	from := func(source corev1.EnvVarSource) *corev1.EnvVarSource { return &source }
	container := &corev1.Container{
		EnvFrom: []corev1.EnvFromSource{
			{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: keys}},
			{Prefix: "MY_", ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: settings, Optional: ptr.To(true)}},
		},
		Env: []corev1.EnvVar{
			{Name: "PLAIN", Value: "0.0.0.0:8080"},
			{Name: "EMPTY"},
			{Name: "SPACED", Value: " a b "},
			{Name: "LINES", Value: "a\nb\tc"},
			{Name: "SECRET", ValueFrom: from(corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: keys, Key: "AWS_ACCESS_KEY_ID", Optional: ptr.To(false),
			}})},
			{Name: "OPTIONAL", ValueFrom: from(corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: keys, Key: "AWS_REGION", Optional: ptr.To(true),
			}})},
			{Name: "CONFIG", ValueFrom: from(corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
				LocalObjectReference: settings, Key: "level",
			}})},
			{Name: "POD", ValueFrom: from(corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}})},
			{Name: "MEMORY", ValueFrom: from(corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: "limits.memory"}})},
			{Name: "NEW", ValueFrom: from(corev1.EnvVarSource{})},
		},
	}
	require.Equal(t, [][]string{
		{"NAME", "VALUE, OR WHERE IT COMES FROM"},
		{"*", "every key of Secret keys"},
		{"MY_*", "every key of ConfigMap settings, if it is there"},
		{"PLAIN", "0.0.0.0:8080"},
		{"EMPTY", `""`},
		{"SPACED", `" a b "`},
		{"LINES", `"a\nb\tc"`},
		{"SECRET", "Secret keys, key AWS_ACCESS_KEY_ID"},
		{"OPTIONAL", "Secret keys, key AWS_REGION, if it is there"},
		{"CONFIG", "ConfigMap settings, key level"},
		{"POD", "field metadata.name of the pod"},
		{"MEMORY", "limits.memory of the container"},
		{"NEW", "a source that the demo does not know"},
	}, Environment(container))
}
