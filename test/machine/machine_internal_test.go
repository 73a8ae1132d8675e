package machine

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/cluster"
)

func TestModelName(t *testing.T) {
	require.Equal(t, "Some CPU @ 2.10GHz", modelName("processor\t: 0\nmodel name\t: Some CPU @ 2.10GHz\nprocessor\t: 1\nmodel name\t: other\n"))
	require.Empty(t, modelName("processor\t: 0\nBogoMIPS\t: 50.00\n"), "arm64 has none")
}

// The versions are those of the go.mod files, one of which has a single requirement in a line of its own.
func TestVersions(t *testing.T) {
	versions, err := describeVersions("../..")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"Go", "Kubernetes", "etcd", "kwok", "operator", "stock helm-operator"}, slices.Collect(maps.Keys(versions)))
	require.Equal(t, "v0.9.1", versions["stock helm-operator"])

	t.Setenv(cluster.VersionVariable, "1.30.14")
	versions, err = describeVersions("../..")
	require.NoError(t, err)
	require.Equal(t, "v1.30.14", versions["Kubernetes"])
}
