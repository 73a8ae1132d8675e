//go:build linux

package quarantine_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/quarantine"
)

// What a person has closed hides no later loss, even of the same bytes in the same place.
func TestTheSameLossAgain(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, root.Close()) }()
	now := time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC)
	lose := func(at time.Time) string {
		t.Helper()
		writer, err := quarantine.New(root, at)
		require.NoError(t, err)
		require.NoError(t, writer.Add(quarantine.Entry{File: "wal.jsonl", Line: 1, Lost: true}, bytes.NewReader([]byte("bad"))))
		name, err := writer.Publish()
		require.NoError(t, err)
		return name
	}
	open := func() []string {
		t.Helper()
		names, err := quarantine.Open(root)
		require.NoError(t, err)
		return names
	}
	first := lose(now)
	require.Equal(t, first, lose(now.Add(time.Minute)), "a repair that a crash interrupted is made again")
	require.Equal(t, []string{first}, open())
	require.NoError(t, quarantine.Close(root, first, now))
	require.Empty(t, open())
	second := lose(now.Add(time.Hour))
	require.NotEqual(t, first, second)
	require.Equal(t, []string{second}, open())
	require.Error(t, quarantine.Close(root, "missing", now))
}
