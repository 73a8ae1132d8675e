// Package releasetest makes revisions for the tests of what handles them. Only tests import it.
package releasetest

import (
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/release"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/labels"
)

// Manifest returns a manifest as Helm stores it.
func Manifest(replicas, image, serviceType string) string {
	return "---\n# Source: barq-db/templates/service.yaml\nkind: Service\nspec:\n  type: " + serviceType + "\n" +
		"---\n# Source: barq-db/templates/empty.yaml\n" +
		"---\n# Source: barq-db/templates/statefulset.yaml\nkind: StatefulSet\nspec:\n  replicas: " + replicas + "\n" +
		"  template:\n    spec:\n      containers:\n      - image: " + image + "\n"
}

// Before is the manifest of the stored revision in most tests.
var Before = Manifest("1", "barq:1", "ClusterIP")

// Revision returns one of generation 3 with the Secrets' checksum "one".
func Revision(status release.Status, manifest string, marks map[string]string) *release.Release {
	return &release.Release{
		Name: "vectors", Version: 2, Manifest: manifest, Labels: marks,
		Info:   &release.Info{Status: status},
		Config: map[string]any{"secretsChecksum": "one"},
	}
}

// Labels returns those of a revision of the operator.
func Labels(generation, origin string) map[string]string {
	return map[string]string{labels.ManagedBy: labels.Operator, labels.Generation: generation, labels.Rollout: origin}
}

// Cluster returns the BarqCluster team/vectors.
func Cluster() *unstructured.Unstructured {
	cluster := clusters.Object()
	cluster.SetNamespace("team")
	cluster.SetName("vectors")
	cluster.SetUID("uid of vectors")
	return cluster
}

// Ours are the labels of a revision of the operator.
var Ours = map[string]string{labels.ManagedBy: labels.Operator}

// Unstructured returns a BarqCluster as the cache has it.
func Unstructured(t *testing.T, cluster *v1alpha1.BarqCluster) *unstructured.Unstructured {
	t.Helper()
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(cluster)
	require.NoError(t, err)
	return &unstructured.Unstructured{Object: object}
}

// Began is when the tests begin.
var Began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
