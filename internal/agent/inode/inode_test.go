//go:build linux

package inode_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/inode"
)

func of(t *testing.T, path string) inode.ID {
	t.Helper()
	about, err := os.Stat(path)
	require.NoError(t, err)
	return inode.Of(about)
}

func TestOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	require.NoError(t, os.WriteFile(path, []byte("a line\n"), 0o600))
	first := of(t, path)
	require.NotEqual(t, inode.ID{}, first)

	// More content and another name are the same file.
	require.NoError(t, os.WriteFile(path, []byte("two\nlines\n"), 0o600))
	require.Equal(t, first, of(t, path))
	moved := path + ".moved"
	require.NoError(t, os.Rename(path, moved))
	require.Equal(t, first, of(t, moved))

	// Another file with the name is another one.
	require.NoError(t, os.WriteFile(path, []byte("two\nlines\n"), 0o600))
	require.NotEqual(t, first, of(t, path))
}
