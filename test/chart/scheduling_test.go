package chart_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var itsPods = &metav1.LabelSelector{MatchLabels: map[string]string{
	"app.kubernetes.io/name":      "barq-db",
	"app.kubernetes.io/instance":  releaseName,
	"app.kubernetes.io/component": "database",
}}

func TestAffinityIsReplacedWhole(t *testing.T) {
	byDefault := &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{
			Weight:          100,
			PodAffinityTerm: corev1.PodAffinityTerm{TopologyKey: "kubernetes.io/hostname", LabelSelector: itsPods},
		}},
	}}
	for name, test := range map[string]struct {
		values string
		want   *corev1.Affinity
	}{
		"by default": {`{}`, byDefault},
		"empty":      {`affinity: {}`, byDefault},
		"null":       {`affinity: null`, byDefault},
		"none":       {`affinity: {podAntiAffinity: {}}`, &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{}}},
		"nodes": {
			`
affinity:
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: In, values: [fast]}]}]`,
			&corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
					MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "disk", Operator: corev1.NodeSelectorOpIn, Values: []string{"fast"}}},
				}}},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, statefulSet(t, render(t, test.values)).Spec.Template.Spec.Affinity)
		})
	}
}

func TestTopologySpreadConstraintsAreReplacedWhole(t *testing.T) {
	byDefault := []corev1.TopologySpreadConstraint{{
		MaxSkew: 1, TopologyKey: "topology.kubernetes.io/zone", WhenUnsatisfiable: corev1.ScheduleAnyway, LabelSelector: itsPods,
	}}
	for name, test := range map[string]struct {
		values string
		want   []corev1.TopologySpreadConstraint
	}{
		"by default": {`{}`, byDefault},
		"null":       {`topologySpreadConstraints: null`, byDefault},
		"none":       {`topologySpreadConstraints: []`, nil},
		"another": {
			`topologySpreadConstraints: [{maxSkew: 2, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {team: search}}}]`,
			[]corev1.TopologySpreadConstraint{{
				MaxSkew: 2, TopologyKey: "kubernetes.io/hostname", WhenUnsatisfiable: corev1.DoNotSchedule,
				LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "search"}},
			}},
		},
		"without a selector": {
			`topologySpreadConstraints: [{maxSkew: 2, topologyKey: a, whenUnsatisfiable: DoNotSchedule, matchLabelKeys: [b]}, {maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway, labelSelector: {}}]`,
			[]corev1.TopologySpreadConstraint{
				{MaxSkew: 2, TopologyKey: "a", WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: itsPods, MatchLabelKeys: []string{"b"}},
				{MaxSkew: 1, TopologyKey: "a", WhenUnsatisfiable: corev1.ScheduleAnyway, LabelSelector: &metav1.LabelSelector{}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, statefulSet(t, render(t, test.values)).Spec.Template.Spec.TopologySpreadConstraints)
		})
	}
}

// The image may need a certain kind of node, so the pod of helm test goes there too.
func TestNodeChoice(t *testing.T) {
	for name, test := range map[string]struct {
		values      string
		selector    map[string]string
		tolerations []corev1.Toleration
	}{
		"by default": {`{}`, nil, nil},
		"both set": {
			`{nodeSelector: {fast: "true"}, tolerations: [{key: dedicated, operator: Equal, value: "on", effect: NoSchedule}]}`,
			map[string]string{"fast": "true"},
			[]corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: "on", Effect: corev1.TaintEffectNoSchedule}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rendered := render(t, test.values)
			for _, spec := range []corev1.PodSpec{statefulSet(t, rendered).Spec.Template.Spec, theOnly[*corev1.Pod](t, rendered).Spec} {
				require.Equal(t, test.selector, spec.NodeSelector)
				require.Equal(t, test.tolerations, spec.Tolerations)
			}
		})
	}
}

func TestPriorityClass(t *testing.T) {
	for values, want := range map[string]string{`{}`: "", `priorityClassName: "on"`: "on"} {
		t.Run(values, func(t *testing.T) {
			require.Equal(t, want, statefulSet(t, render(t, values)).Spec.Template.Spec.PriorityClassName)
		})
	}
}
