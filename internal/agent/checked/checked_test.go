//go:build linux

package checked_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/checked"
	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

func TestASegmentThatHasChanged(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, root.Close()) }()
	rules, summary := walline.Rules{Dimension: 2}, wal.Summary{Bytes: 4, Lines: 1}
	require.NoError(t, root.WriteFile("a", []byte("abc\n"), 0o644))
	knows := func(path string, rules walline.Rules) bool {
		about, err := root.Stat(path)
		require.NoError(t, err)
		found, known := checked.Load(root).Summary(path, about, rules)
		require.True(t, !known || found == summary)
		return known
	}
	require.False(t, knows("a", rules))

	var segments checked.Segments
	require.NoError(t, segments.Note(root, "a", 4, rules, summary))
	require.NoError(t, segments.Note(root, "gone", 4, rules, summary))
	require.NoError(t, segments.Save(root))
	require.True(t, knows("a", rules))
	require.False(t, knows("a", walline.Rules{Dimension: 3}))

	// Changed, and its time set back.
	about, err := root.Stat("a")
	require.NoError(t, err)
	require.NoError(t, root.WriteFile("a", []byte("abd\n"), 0o644))
	require.NoError(t, root.Chtimes("a", time.Time{}, about.ModTime()))
	require.False(t, knows("a", rules))

	// Another file with the name.
	require.NoError(t, segments.Note(root, "a", 4, rules, summary))
	require.NoError(t, segments.Save(root))
	require.True(t, knows("a", rules))
	require.NoError(t, root.WriteFile("b", []byte("abd\n"), 0o644))
	require.NoError(t, root.Rename("b", "a"))
	require.False(t, knows("a", rules))

	// It grew between the look and the note.
	var grown checked.Segments
	require.NoError(t, grown.Note(root, "a", 3, rules, summary))
	require.NoError(t, grown.Save(root))
	require.False(t, knows("a", rules))

	require.NoError(t, root.WriteFile(".agent/checked.json", []byte("{"), 0o644))
	require.False(t, knows("a", rules))
}
