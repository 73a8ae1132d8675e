package datadir_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

func TestCollections(t *testing.T) {
	folder := t.TempDir()
	root, err := os.OpenRoot(folder)
	require.NoError(t, err)
	found, err := datadir.Collections(root)
	require.NoError(t, err)
	require.Empty(t, found)

	for _, file := range []string{
		"tenants/default/collections/things/schema.json",
		"tenants/default/collections/things/wal.jsonl",
		"tenants/default/collections/things/segments/segment_rotated_2.jsonl",
		"tenants/default/collections/things/segments/segment_compacted_1.jsonl",
		"tenants/default/collections/things/segments/folder/file",
		"tenants/default/collections/a/b/schema.json",
		"tenants/a/collections/things/wal.jsonl",
		"tenants/b/other",
		"tenants/file", "tenants/default/collections/file", "lost+found/x",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(folder, filepath.Dir(file)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, file), nil, 0o644))
	}
	// The server follows no links, and reads no linked files.
	require.NoError(t, os.Symlink("things", filepath.Join(folder, "tenants/default/collections/link")))
	require.NoError(t, os.Symlink("segment_rotated_2.jsonl", filepath.Join(folder, "tenants/default/collections/things/segments/link")))

	found, err = datadir.Collections(root)
	require.NoError(t, err)
	things := datadir.Collection{Tenant: "default", Name: "things"}
	require.Equal(t, []datadir.Collection{{Tenant: "a", Name: "things"}, {Tenant: "default", Name: "a"}, things}, found)

	files, err := things.Files(root)
	require.NoError(t, err)
	require.Equal(t, []string{things.Segments() + "/segment_compacted_1.jsonl", things.Segments() + "/segment_rotated_2.jsonl", things.Log()}, files)
	require.True(t, datadir.IsSegment(files[0]))
	require.False(t, datadir.IsSegment(things.Log()))
	require.Equal(t, "tenants/default/collections/things/schema.json", things.Schema())

	files, err = datadir.Collection{Tenant: "default", Name: "a"}.Files(root)
	require.NoError(t, err)
	require.Empty(t, files)
}
