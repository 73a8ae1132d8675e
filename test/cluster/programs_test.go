package cluster

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAssetsOfTheUserComeFirst(t *testing.T) {
	assets := t.TempDir()
	for _, name := range []string{etcd, apiServer, kubectl} {
		require.NoError(t, os.WriteFile(filepath.Join(assets, name), nil, 0o600))
	}
	wanted := []string{etcd, apiServer, controllerManager, kwok}

	found, missing, err := splitByAssets(assets, wanted)
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		etcd:      filepath.Join(assets, etcd),
		apiServer: filepath.Join(assets, apiServer),
	}, found)
	require.Equal(t, []string{controllerManager, kwok}, missing)

	found, missing, err = splitByAssets("", wanted)
	require.NoError(t, err)
	require.Empty(t, found)
	require.Equal(t, wanted, missing)
}

func TestAssetsThatDoNotExistAreAnError(t *testing.T) {
	_, _, err := splitByAssets("/does/not/exist", []string{etcd})
	require.EqualError(t, err,
		`KUBEBUILDER_ASSETS is "/does/not/exist", which is not a directory: unset it or make it one`)
}
