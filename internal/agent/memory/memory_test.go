//go:build linux

package memory_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/memory"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

func TestOf(t *testing.T) {
	used, err := memory.Of(os.Getpid())
	require.NoError(t, err)
	require.Greater(t, used, int64(1<<20))
	_, err = memory.Of(-1)
	require.Error(t, err)
}

func TestRemember(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, root.Close()) }()
	require.Zero(t, memory.Remembered(root))
	require.NoError(t, root.Mkdir(datadir.Agent, 0o755))
	require.NoError(t, memory.Remember(root, 4711))
	require.Equal(t, int64(4711), memory.Remembered(root))
	require.NoError(t, root.WriteFile(datadir.Agent+"/memory.json", []byte(`{"used":`), 0o600))
	require.Zero(t, memory.Remembered(root), "what cannot be read is not known")
}
