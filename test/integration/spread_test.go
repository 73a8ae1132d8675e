package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// A constraint without a selector gets the pods of the BarqCluster: without, it would count no pod.
func TestSpreadConstraintsHaveASelector(t *testing.T) {
	cluster := newCluster(t, newNamespace(t), "db", `topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway}]`)
	waitReady(t, cluster)
	mine := &metav1.LabelSelector{MatchLabels: map[string]string{
		"app.kubernetes.io/name": "barq-db", "app.kubernetes.io/instance": "db", "app.kubernetes.io/component": "database",
	}}
	want := []corev1.TopologySpreadConstraint{{MaxSkew: 1, TopologyKey: "kubernetes.io/hostname", WhenUnsatisfiable: corev1.ScheduleAnyway, LabelSelector: mine}}
	require.Equal(t, want, statefulSet(t, cluster).Spec.Template.Spec.TopologySpreadConstraints)
	requireIdle(t, cluster)

	others := &metav1.LabelSelector{MatchLabels: map[string]string{"team": "search"}}
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.TopologySpreadConstraints[0].LabelSelector = others })
	waitReady(t, cluster)
	want[0].LabelSelector = others
	require.Equal(t, want, statefulSet(t, cluster).Spec.Template.Spec.TopologySpreadConstraints)
}
