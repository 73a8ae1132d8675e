package release

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/internal/rollout"
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

// Helm passes over what it cannot read.
func TestADamagedRevision(t *testing.T) {
	for name, content := range map[string]string{"nothing": "", "no record": "record", "half a record": "H4sIAAAAAAAA/wE", "an empty record": "e30="} {
		for _, origin := range []string{managedBy, "a person"} {
			t.Run(name+" of "+origin, func(t *testing.T) {
				s := newStoring(t)
				require.NoError(t, s.storage.Create(numbered(1, release.StatusSuperseded, rollout.Requested)))
				require.NoError(t, s.storage.Create(numbered(2, release.StatusDeployed, rollout.Requested)))
				secrets := s.server.CoreV1().Secrets("team")
				stored, err := secrets.Get(t.Context(), "sh.helm.release.v1.vectors.v2", metav1.GetOptions{})
				require.NoError(t, err)
				stored.Data["release"], stored.Labels[managedByLabel] = []byte(content), origin
				before, err := secrets.Update(t.Context(), stored, metav1.UpdateOptions{})
				require.NoError(t, err)
				s.pass()

				if origin == managedBy {
					require.Equal(t, 1, s.last().Version, "the one before is left to go on from")
					_, err = secrets.Get(t.Context(), stored.Name, metav1.GetOptions{})
					require.True(t, apierrors.IsNotFound(err), "the name is free again")
					require.Equal(t, map[string]string{stored.Name: ""}, storageOf(s.storage).secrets.versions)
					return
				}
				_, err = s.storage.Last("vectors")
				require.ErrorContains(t, err, "the Secret sh.helm.release.v1.vectors.v2, in which Helm stores a revision of a release, is damaged: it ")
				after, err := secrets.Get(t.Context(), stored.Name, metav1.GetOptions{})
				require.NoError(t, err)
				require.Equal(t, before.Data, after.Data, "what is a person's is left alone")
				require.Equal(t, before.Labels, after.Labels, "what is a person's is left alone")
			})
		}
	}
}
