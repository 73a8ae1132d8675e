package clusters_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/internal/clusters"
)

func TestACauseIsOfOneTemplate(t *testing.T) {
	set := &appsv1.StatefulSet{}
	set.Spec.Template.Spec.Containers = []corev1.Container{{Name: "barq-db", Image: "a"}}
	require.Empty(t, clusters.CauseOf(set), "nothing is noted")

	cause, err := clusters.NewCause(&set.Spec.Template, "Secret keys has changed")
	require.NoError(t, err)
	require.NoError(t, cause.Note(set))
	require.Equal(t, "Secret keys has changed", clusters.CauseOf(set))
	require.Equal(t, cause, clusters.NotedCause(set))

	restarted := set.DeepCopy()
	restarted.Spec.Template.Annotations = map[string]string{"kubectl.kubernetes.io/restartedAt": "now"}
	require.Empty(t, clusters.CauseOf(restarted), "a person restarts the pods")

	for _, written := range []string{"", "{", "[]", `"by hand"`, `{"why":"by hand"}`} {
		set.Annotations[clusters.CauseAnnotation] = written
		require.Empty(t, clusters.CauseOf(set), written)
	}
}
