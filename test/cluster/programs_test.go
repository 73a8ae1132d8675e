package cluster

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

func TestVersionsOfKubernetes(t *testing.T) {
	root, err := repositoryRoot()
	require.NoError(t, err)
	pinned, err := pinnedVersions(root)
	require.NoError(t, err)
	require.Contains(t, slices.Collect(maps.Values(pinned)), componentsModule)
	for version, module := range pinned {
		found, err := moduleOf(root, version)
		require.NoError(t, err)
		require.Equal(t, module, found)
	}

	found, err := moduleOf(root, "")
	require.NoError(t, err)
	require.Equal(t, componentsModule, found)
	_, err = moduleOf(root, "1.29.0")
	require.EqualError(t, err, `KUBERNETES_VERSION is "1.29.0", which no module pins: write one of `+
		strings.Join(slices.Sorted(maps.Keys(pinned)), ", ")+`, or pin it as docs/test-cluster.md says`)

	for version := range pinned {
		if pinned[version] == componentsModule {
			continue
		}
		t.Setenv(VersionVariable, version)
		_, err = componentPrograms(t.Context(), true, io.Discard, apiServer)
		require.EqualError(t, err, fmt.Sprintf("KUBERNETES_VERSION is %q, and a real node is there for the newest version only: unset it", version))
	}
}
