package processlock_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/hack/processlock"
)

func open(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func TestTheHolderIsFoundWhileItHolds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, looking := open(t, path), open(t, path)
	require.NoError(t, processlock.WritePID(held, 123456789))

	holder, err := processlock.Holder(looking)
	require.NoError(t, err)
	require.Nil(t, holder, "what the file says of a lock that nobody holds counts for nothing")

	locked, err := processlock.Try(held)
	require.NoError(t, err)
	require.True(t, locked)
	require.NoError(t, processlock.WritePID(held, os.Getpid()))
	holder, err = processlock.Holder(looking)
	require.NoError(t, err)
	require.Equal(t, os.Getpid(), holder.Pid)
	locked, err = processlock.Try(looking)
	require.NoError(t, err)
	require.False(t, locked)

	require.NoError(t, held.Close())
	free, err := processlock.IsFree(looking)
	require.NoError(t, err)
	require.True(t, free)
}

func TestAHolderThatDoesNotSayWhoItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, looking := open(t, path), open(t, path)
	locked, err := processlock.Try(held)
	require.NoError(t, err)
	require.True(t, locked)
	_, err = processlock.Holder(looking)
	require.ErrorContains(t, err, path+" is locked, but does not say by which process")
}
