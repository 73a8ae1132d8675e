package release

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
)

// countingDriver counts the queries that reach the store.
type countingDriver struct {
	driver.Driver
	queries int
}

func (d *countingDriver) Query(labels map[string]string) ([]*release.Release, error) {
	d.queries++
	return d.Driver.Query(labels)
}

func TestStorageRemembersUntilSomethingIsWritten(t *testing.T) {
	counting := &countingDriver{Driver: driver.NewMemory()}
	releases := storage.Init(&rememberingDriver{Driver: counting, found: map[string][]*release.Release{}})
	revision := func(version int) *release.Release {
		return &release.Release{Name: "vectors", Version: version, Info: &release.Info{Status: release.StatusDeployed}}
	}
	last := func() int {
		found, err := releases.Last("vectors")
		require.NoError(t, err)
		return found.Version
	}

	require.NoError(t, releases.Create(revision(1)))
	counting.queries = 0
	require.Equal(t, 1, last())
	require.Equal(t, 1, last())
	require.Equal(t, 1, counting.queries, "the second look is answered from memory")

	require.NoError(t, releases.Create(revision(2)))
	require.Equal(t, 2, last(), "a new revision is seen")

	changed := revision(2)
	changed.Info.Status = release.StatusFailed
	require.NoError(t, releases.Update(changed))
	found, err := releases.Last("vectors")
	require.NoError(t, err)
	require.Equal(t, release.StatusFailed, found.Info.Status, "a changed revision is seen")

	_, err = releases.Delete("vectors", 2)
	require.NoError(t, err)
	require.Equal(t, 1, last(), "a deleted revision is gone")
}
