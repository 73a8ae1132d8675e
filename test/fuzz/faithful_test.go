package fuzz_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// asked are the fields of a pod that a spec has as they will be.
type asked struct {
	Labels            map[string]string
	Annotations       map[string]string
	NodeSelector      map[string]string
	Tolerations       []corev1.Toleration
	Affinity          *corev1.Affinity
	PriorityClassName string
	Env               []corev1.EnvVar
	Resources         *corev1.ResourceRequirements
}

func askedOf(spec *v1alpha1.BarqClusterSpec) asked {
	wanted := asked{
		Labels: map[string]string{}, Annotations: spec.PodAnnotations, NodeSelector: map[string]string{}, Tolerations: spec.Tolerations,
		Affinity: spec.Affinity, PriorityClassName: spec.PriorityClassName, Resources: spec.Resources,
	}
	for key, value := range spec.PodLabels {
		wanted.Labels[key] = string(value)
	}
	for key, value := range spec.NodeSelector {
		wanted.NodeSelector[key] = string(value)
	}
	for _, variable := range spec.Env {
		wanted.Env = append(wanted.Env, corev1.EnvVar{Name: variable.Name, Value: variable.Value, ValueFrom: variable.ValueFrom})
	}
	return wanted
}

// requireFaithful fails if the pods are not given what the spec asks for, because YAML took a
// text for something else on the way, or a default won.
func requireFaithful(t *testing.T, spec *v1alpha1.BarqClusterSpec, manifest, written string) {
	t.Helper()
	var set appsv1.StatefulSet
	require.NoError(t, yaml.UnmarshalStrict([]byte(manifest), &set))
	template, container := set.Spec.Template, set.Spec.Template.Spec.Containers[0]
	wanted := askedOf(spec)
	got := asked{
		Labels: map[string]string{}, Annotations: map[string]string{}, NodeSelector: template.Spec.NodeSelector, Tolerations: template.Spec.Tolerations,
		Affinity: template.Spec.Affinity, PriorityClassName: template.Spec.PriorityClassName, Resources: &container.Resources,
		Env: container.Env[len(container.Env)-len(wanted.Env):],
	}
	for key := range wanted.Labels {
		got.Labels[key] = template.Labels[key]
	}
	for key := range wanted.Annotations {
		got.Annotations[key] = template.Annotations[key]
	}
	// What was left out, or written as empty, gets the chart's default.
	if wanted.Affinity == nil || *wanted.Affinity == (corev1.Affinity{}) {
		wanted.Affinity, got.Affinity = nil, nil
	}
	if wanted.Resources == nil || len(wanted.Resources.Requests)+len(wanted.Resources.Limits) == 0 {
		wanted.Resources, got.Resources = nil, nil
	}
	require.Empty(t, cmp.Diff(wanted, got, cmpopts.EquateEmpty(), cmp.Comparer(sameQuantity)), "%s\n%s", written, manifest)
}

func sameQuantity(a, b resource.Quantity) bool { return a.Cmp(b) == 0 }
