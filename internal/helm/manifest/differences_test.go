package manifest

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestDifferences(t *testing.T) {
	pod := func(edit func(*corev1.PodSpec)) corev1.PodSpec {
		spec := corev1.PodSpec{
			ServiceAccountName: "vectors",
			Containers: []corev1.Container{{
				Name: "barq-db", Image: "barq-db:1", Command: []string{"barq-server"},
				Env:       []corev1.EnvVar{{Name: "RUST_LOG", Value: "info"}, {Name: "TOKEN", Value: "secret"}},
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m")}},
			}},
		}
		edit(&spec)
		return spec
	}
	for name, test := range map[string]struct {
		edit func(*corev1.PodSpec)
		want []string
	}{
		"none": {edit: func(*corev1.PodSpec) {}},
		"the same quantity": {edit: func(spec *corev1.PodSpec) {
			spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse("0.5")
		}},
		"a field": {
			edit: func(spec *corev1.PodSpec) { spec.ServiceAccountName = "other" },
			want: []string{"spec.serviceAccountName"},
		},
		"fields of a container, without values": {
			edit: func(spec *corev1.PodSpec) {
				spec.Containers[0].Image = "barq-db:2"
				spec.Containers[0].Env[1].Value = "another secret"
			},
			want: []string{"spec.containers[barq-db].env[TOKEN].value", "spec.containers[barq-db].image"},
		},
		"one that is there on one side only": {
			edit: func(spec *corev1.PodSpec) {
				spec.PriorityClassName = "high"
				spec.Containers[0].Env = spec.Containers[0].Env[:1]
			},
			want: []string{"spec.containers[barq-db].env[TOKEN]", "spec.priorityClassName"},
		},
		"the order of variables": {
			edit: func(spec *corev1.PodSpec) {
				env := spec.Containers[0].Env
				env[0], env[1] = env[1], env[0]
			},
			want: []string{"spec.containers[barq-db].env"},
		},
		"a list without names": {
			edit: func(spec *corev1.PodSpec) { spec.Containers[0].Command = []string{"sh"} },
			want: []string{"spec.containers[barq-db].command"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := Differences("spec", pod(func(*corev1.PodSpec) {}), pod(test.edit))
			require.NoError(t, err)
			require.Equal(t, test.want, found)
		})
	}
}
