package kubeclient

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/clusters"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func testCluster() client.Object {
	cluster := clusters.Object()
	cluster.SetNamespace("team")
	cluster.SetName("vectors")
	cluster.SetUID("uid of vectors")
	return cluster
}

func TestAConflictIsNoted(t *testing.T) {
	services := schema.GroupResource{Resource: "services"}
	exists := apierrors.NewAlreadyExists(services, "db")
	forbidden := apierrors.NewForbidden(services, "db", nil)
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"none":            {nil, false},
		"another":         {forbidden, false},
		"one":             {exists, true},
		"one of several":  {multierror.Append(forbidden, exists), true},
		"none of several": {multierror.Append(forbidden, forbidden), false},
	} {
		t.Run(name, func(t *testing.T) {
			helm := &Client{facts: &Facts{}, statefulSets: &clusters.Versions{}}
			helm.noteConflict(test.err)
			require.Equal(t, test.want, helm.facts.Conflicted)
			helm.noteConflict(nil)
			require.Equal(t, test.want, helm.facts.Conflicted, "it stays")
		})
	}
}

// Helm changes the objects that it gets, so each call returns a new copy.
func TestAManifestIsReadOnce(t *testing.T) {
	helm := withoutServer()
	const manifest = "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: team}}"
	build := func(manifest string) *unstructured.Unstructured {
		t.Helper()
		built, err := helm.Build(strings.NewReader(manifest), false)
		require.NoError(t, err)
		require.Len(t, built, 1)
		return built[0].Object.(*unstructured.Unstructured)
	}
	first := build(manifest).DeepCopy()
	require.Equal(t, "db", first.GetAnnotations()["meta.helm.sh/release-name"])
	build(manifest).SetLabels(map[string]string{"changed": "by Helm"})
	require.Equal(t, first, build(manifest))
	require.Len(t, helm.built, 1)
	require.NotEqual(t, first, build(strings.Replace(manifest, "name: db,", "name: other,", 1)))
}
