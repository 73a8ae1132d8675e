package integration

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

var describedCondition = regexp.MustCompile(`(?m)^    Type: +(\w+)$`)

// described returns the conditions that kubectl describe shows, in its order.
func described(t *testing.T, cluster *v1alpha1.BarqCluster) []string {
	t.Helper()
	_, status, found := strings.Cut(output(t, kubectl("-n", cluster.Namespace, "describe", "bqc", cluster.Name)), "\nStatus:\n")
	require.True(t, found)
	var types []string
	for _, match := range describedCondition.FindAllStringSubmatch(status, -1) {
		types = append(types, match[1])
	}
	return types
}

// What a person reads first is first, whichever controller writes first. Conditions that say nothing
// are not there.
func TestDescribeLeadsWithReady(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	eventually(t, func() string {
		refresh(t, cluster)
		if len(cluster.Status.Conditions) == 0 {
			return "no operator has claimed it yet"
		}
		return ""
	})
	require.Equal(t, v1alpha1.ConditionReady, cluster.Status.Conditions[0].Type, "from the beginning")

	waitReady(t, cluster)
	leading := []string{"Ready", "Reconciling", "Stalled"}
	whole := []string{"Ready", "Reconciling", "Stalled", "SecretsAvailable", "ChangesPending", "VolumesResized", "Deployed"}
	shows := func(types []string) {
		t.Helper()
		got := described(t, cluster)
		require.ElementsMatch(t, types, got)
		require.Equal(t, leading, got[:len(leading)])
	}
	shows(whole)

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = true })
	waitFor(t, cluster, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonPaused)
	shows(append(slices.Clone(whole), "Paused"))

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = false })
	waitReady(t, cluster)
	shows(whole)

	// The API server refuses the objects.
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.Env = []v1alpha1.EnvVar{{Name: "NODE", ValueFrom: &corev1.EnvVarSource{
			FieldRef: &corev1.ObjectFieldSelector{FieldPath: "spec.noSuchField"},
		}}}
	})
	waitFor(t, cluster, v1alpha1.ConditionIrreconcilable, metav1.ConditionTrue, "ReconcileError")
	waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)
	shows(append(slices.Clone(whole), "ReleaseFailed", "Irreconcilable"))
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Env = nil })
	waitReady(t, cluster)
	shows(whole)
}
