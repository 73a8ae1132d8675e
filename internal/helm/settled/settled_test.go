package settled

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
)

func TestLittleIsRemembered(t *testing.T) {
	releases := New()
	whole := &release.Release{
		Name: "vectors", Version: 2, Manifest: "manifest", Config: map[string]any{"replicas": 1},
		Info:  &release.Info{Status: release.StatusDeployed, Notes: "notes"},
		Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}, Raw: []*chart.File{{Data: []byte("large")}}},
	}
	releases.Put("one", Release{Stored: "1", Release: whole})
	require.Equal(t, &release.Release{
		Name: "vectors", Version: 2, Manifest: "manifest",
		Info:  &release.Info{Status: release.StatusDeployed},
		Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}},
	}, releases.Get("one", "1").Release)
	require.Nil(t, releases.Get("one", "2"), "another state of the storage")
	releases.Delete("one")
	require.Nil(t, releases.Get("one", "1"))
}
