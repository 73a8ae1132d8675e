package release

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
)

func TestWhatHelmCannotHaveWritten(t *testing.T) {
	for text, damage := range map[string]func(*release.Release){
		"it has no status":                      func(r *release.Release) { r.Info = nil },
		"it names no chart":                     func(r *release.Release) { r.Chart = &chart.Chart{} },
		`it is of release "other"`:              func(r *release.Release) { r.Name = "other" },
		"it is revision 7":                      func(r *release.Release) { r.Version = 7 },
		`it is of namespace "other"`:            func(r *release.Release) { r.Namespace = "other" },
		`it lists an object of namespace "sys"`: func(r *release.Release) { r.Manifest += "---\nkind: Service\nmetadata: {namespace: sys, name: db}\n" },
	} {
		t.Run(text, func(t *testing.T) {
			found := &release.Release{
				Name: "vectors", Namespace: "team", Version: 1, Info: &release.Info{Status: release.StatusDeployed},
				Chart:    &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}},
				Labels:   map[string]string{"name": "vectors", "version": "1", managedByLabel: managedBy},
				Manifest: "---\nkind: Service\nmetadata: {name: db}\n---\nkind: Service\nmetadata: {namespace: team, name: db2}\n",
			}
			require.Empty(t, damageOf(found, "team"))
			damage(found)
			require.Equal(t, text, damageOf(found, "team"))
		})
	}
}
