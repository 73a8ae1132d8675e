package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
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
		if err := remove(namespace); err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	})
	return namespace.Name
}

// remove takes a namespace away, with its BarqClusters first.
func remove(namespace *corev1.Namespace) error {
	// The test's context has ended by now.
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := removeClusters(ctx, namespace.Name); err != nil {
		return err
	}
	return suite.Client.Delete(ctx, namespace)
}

// removeClusters deletes the BarqClusters of a namespace and waits until they are gone:
// their finalizer needs the Secrets of the release, and an operator.
func removeClusters(ctx context.Context, namespace string) error {
	if err := suite.Client.DeleteAllOf(ctx, &v1alpha1.BarqCluster{}, client.InNamespace(namespace)); err != nil {
		return err
	}
	err := wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		var left v1alpha1.BarqClusterList
		err := suite.Client.List(ctx, &left, client.InNamespace(namespace))
		return len(left.Items) == 0, err
	})
	if err != nil {
		return fmt.Errorf("waiting for the BarqClusters to go: %w", err)
	}
	return nil
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
