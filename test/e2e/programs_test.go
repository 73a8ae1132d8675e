package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/hack/programs/programcache"
)

// programs gives the paths of programs that a module of the repository pins. `make e2e`
// has built them before, because a node has no network to fetch modules from.
func programs(t *testing.T, module string, names ...string) map[string]string {
	t.Helper()
	opened, err := programcache.Open(t.Context(), filepath.Join(root, module))
	require.NoError(t, err)
	cache, err := programcache.DefaultDir()
	require.NoError(t, err)
	files, err := opened.Build(t.Context(), cache, os.Stderr, names...)
	require.NoError(t, err)
	found := map[string]string{}
	for i, name := range names {
		found[name] = files[i]
	}
	return found
}
