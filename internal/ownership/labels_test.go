package ownership_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/ownership"
)

// The operator does not see objects without these labels, so the test compares them with what the
// chart really renders.
func TestTheChartsLabelsAreFound(t *testing.T) {
	chart, err := loader.LoadDir("../../helm-charts/barq-db")
	require.NoError(t, err)
	values, err := chartutil.ToRenderValues(chart, nil,
		chartutil.ReleaseOptions{Name: "vectors", Namespace: "team"}, chartutil.DefaultCapabilities)
	require.NoError(t, err)
	rendered, err := engine.Render(chart, values)
	require.NoError(t, err)
	set := &appsv1.StatefulSet{}
	require.NoError(t, yaml.Unmarshal([]byte(rendered["barq-db/templates/statefulset.yaml"]), set))

	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name = "team", "vectors"
	for name, carried := range map[string]map[string]string{
		"StatefulSet": set.Labels,
		"pod":         set.Spec.Template.Labels,
		"PVC":         set.Spec.VolumeClaimTemplates[0].Labels,
	} {
		require.True(t, ownership.Selector().Matches(labels.Set(carried)), name)

		options := &client.ListOptions{}
		options.ApplyOptions(ownership.Of(cluster))
		require.Equal(t, "team", options.Namespace)
		require.True(t, options.LabelSelector.Matches(labels.Set(carried)), name)

		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "vectors-0", Labels: carried}}
		require.Equal(t, []ctrl.Request{{NamespacedName: types.NamespacedName{Namespace: "team", Name: "vectors"}}},
			ownership.Enqueue(t.Context(), pod), name)
	}
	require.Empty(t, ownership.Enqueue(t.Context(), &corev1.Pod{}))
}
