package node

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsNotInstalled(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder)
	file := filepath.Join(folder, "one")
	require.NoError(t, os.WriteFile(file, nil, 0o700))

	found, err := findInstalled([]debianProgram{{"one", "package-one"}, {file, "package-one"}})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"one": file, file: file}, found)

	_, err = findInstalled([]debianProgram{{"one", "package-one"}, {"two", "package-two"}, {"/no/such/three", "package-three"}})
	require.EqualError(t, err, "not installed: two, /no/such/three; on Debian or Ubuntu run `apt-get install package-two package-three`")
}
