package release

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
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
		return &release.Release{
			Name: "vectors", Version: version, Info: &release.Info{Status: release.StatusDeployed},
			Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}},
		}
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

func TestADamagedRevisionIsNotRead(t *testing.T) {
	damaged := func(reason string) string {
		return "the Secret sh.helm.release.v1.vectors.v3, in which Helm stores a revision of a release, is damaged: " + reason + "; restore it, or delete it"
	}
	for name, test := range map[string]struct {
		damage func(*release.Release)
		want   string
	}{
		"no status":       {func(r *release.Release) { r.Info = nil }, damaged("it has no status")},
		"no chart":        {func(r *release.Release) { r.Chart = nil }, damaged("it names no chart")},
		"a chart's shell": {func(r *release.Release) { r.Chart.Metadata = nil }, damaged("it names no chart")},
		"another release": {func(r *release.Release) { r.Name = "other" }, damaged(`it is of release "other"`)},
		"other revision":  {func(r *release.Release) { r.Version = 7 }, damaged("it is revision 7")},
	} {
		t.Run(name, func(t *testing.T) {
			revision := &release.Release{
				Name: "vectors", Version: 3, Labels: map[string]string{"name": "vectors", "version": "3"},
				Info: &release.Info{}, Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}},
			}
			require.NoError(t, whole(revision))
			test.damage(revision)
			require.EqualError(t, whole(revision), test.want)
		})
	}
}
