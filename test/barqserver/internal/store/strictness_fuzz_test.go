package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/walline/wallinetest"
	"github.com/barq-db/barq-operator/test/barqserver/internal/store"
)

// starts reports whether the stand-in starts with the log.
func starts(t testing.TB, log []byte) (bool, error) {
	t.Helper()
	root := t.TempDir()
	folder := filepath.Join(root, "tenants/default/collections/things")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "schema.json"), []byte(wallinetest.Schema), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "wal.jsonl"), log, 0o644))
	_, err := store.Open(root, "default", store.Tiers{})
	return err == nil, err
}

// FuzzLog compares two readers of the log that were written apart: the stand-in's, and that of
// internal/barq/wal, which the server's parent trusts.
func FuzzLog(f *testing.F) {
	for line := range wallinetest.Lines() {
		f.Add([]byte(line + "\n"))
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		readable := wallinetest.Starts(t, log)
		started, err := starts(t, log)
		require.Equal(t, readable, started, "%v", err)
	})
}
