package wallinetest

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// Starts reports whether a server starts with the log of the collection that Lines are for, as internal/barq/wal has it. It
// does if only the last newline is missing.
func Starts(t testing.TB, log []byte) bool {
	t.Helper()
	starts := true
	_, err := wal.Scan(bytes.NewReader(log), Rules(), func(damage wal.Damage, _ []byte) error {
		starts = starts && damage.Kind == walline.Unended
		return nil
	})
	require.NoError(t, err)
	return starts
}
