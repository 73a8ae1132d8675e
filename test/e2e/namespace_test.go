package e2e

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/barqcluster"
)

// newNamespace makes a namespace for one test and takes it away afterwards, with
// everything in it. A test that failed leaves what is needed to find out why.
func newNamespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "e2e-",
		// What the operator and the chart promise is checked by the API server itself.
		Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	require.NoError(t, suite.Client.Create(t.Context(), namespace))
	t.Cleanup(func() {
		if t.Failed() {
			collect(t.Name(), namespace.Name)
		}
		// The test's context has ended by now. BarqClusters go first: their finalizer
		// needs the Secrets of the release.
		ctx := context.Background()
		_ = suite.Client.DeleteAllOf(ctx, &v1alpha1.BarqCluster{}, client.InNamespace(namespace.Name))
		_ = suite.Client.Delete(ctx, namespace)
	})
	return namespace.Name
}

// newCluster makes a BarqCluster of the given spec, in YAML, that asks for little
// of the node.
func newCluster(t *testing.T, namespace, name, spec string) *v1alpha1.BarqCluster {
	t.Helper()
	cluster := barqcluster.Parse(t, namespace, name, spec)
	if cluster.Spec.Image == "" {
		cluster.Spec.Image = images.database
	}
	if cluster.Spec.Resources == nil {
		cluster.Spec.Resources = memoryRequest("32Mi")
	}
	if cluster.Spec.MinReadySeconds == nil {
		cluster.Spec.MinReadySeconds = ptr.To[int32](1)
	}
	require.NoError(t, suite.Client.Create(t.Context(), cluster))
	return cluster
}
