package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/hack/programs"
)

// pinnedPrograms returns the paths of programs that a module of the repository pins. `make e2e`
// has built them before, because a node has no network to fetch modules from.
func pinnedPrograms(t *testing.T, module string, names ...string) map[string]string {
	t.Helper()
	found, err := programs.Build(t.Context(), filepath.Join(root, module), os.Stderr, names...)
	require.NoError(t, err)
	return found
}
