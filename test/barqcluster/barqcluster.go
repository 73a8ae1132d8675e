package barqcluster

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Kubernetes is the cluster that a suite tests on.
type Kubernetes struct {
	// Client reads from the API server itself, as an administrator.
	Client client.Client
	// Patience is how long anything may take.
	Patience time.Duration
}

// Parse gives a BarqCluster of the given spec, in YAML, that is not stored yet.
func Parse(t *testing.T, namespace, name, spec string) *v1alpha1.BarqCluster {
	t.Helper()
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name = namespace, name
	require.NoError(t, yaml.UnmarshalStrict([]byte(spec), &cluster.Spec))
	return cluster
}

// Create stores a BarqCluster of the given spec, in YAML.
func (k *Kubernetes) Create(t *testing.T, namespace, name, spec string) *v1alpha1.BarqCluster {
	t.Helper()
	cluster := Parse(t, namespace, name, spec)
	require.NoError(t, k.Client.Create(t.Context(), cluster))
	return cluster
}

// Change edits a BarqCluster as `kubectl edit` does, trying again on a conflict.
func (k *Kubernetes) Change(t *testing.T, cluster *v1alpha1.BarqCluster, edit func(*v1alpha1.BarqClusterSpec)) {
	t.Helper()
	for {
		k.Refresh(t, cluster)
		edit(&cluster.Spec)
		err := k.Client.Update(t.Context(), cluster)
		if !apierrors.IsConflict(err) {
			require.NoError(t, err)
			return
		}
	}
}

// Refresh reads an object that exists again.
func (k *Kubernetes) Refresh(t *testing.T, object client.Object) {
	t.Helper()
	require.NoError(t, k.Client.Get(t.Context(), client.ObjectKeyFromObject(object), object))
}
