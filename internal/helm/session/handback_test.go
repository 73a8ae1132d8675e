package session

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/test/forgery"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/records"
	"github.com/barq-db/barq-operator/internal/helm/releasetest"
)

const ownedManifest = `---
apiVersion: v1
kind: Service
metadata:
  name: vectors
  ownerReferences:
  - apiVersion: barq.db/v1alpha1
    kind: BarqCluster
    name: vectors
    uid: uid of vectors
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: vectors-0
  ownerReferences:
  - apiVersion: barq.db/v1alpha1
    kind: BarqCluster
    name: vectors
    uid: uid of vectors
  - apiVersion: v1
    kind: Pod
    name: other
    uid: uid of another
`

const releasedManifest = `---
apiVersion: v1
kind: Service
metadata:
  name: vectors
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: vectors-0
  ownerReferences:
  - apiVersion: v1
    kind: Pod
    name: other
    uid: uid of another
`

func TestWithoutOwner(t *testing.T) {
	written, err := manifest.WithoutOwner(ownedManifest, "uid of vectors")
	require.NoError(t, err)
	require.Equal(t, releasedManifest, written)
}

// newHandBack returns the session of a BarqCluster that is being deleted and hands its release back. The release has
// two revisions.
func newHandBack(t *testing.T) (a *Session, inner *stored) {
	t.Helper()
	a, inner = newSession(t, "barq-db", releasetest.Ours, release.StatusSuperseded)
	isDeleted(a)
	a.cluster.SetAnnotations(map[string]string{"barq.db/on-deletion": "keep-release"})
	first, err := inner.config.Releases.Get("vectors", 3)
	require.NoError(t, err)
	first.Manifest = ownedManifest
	require.NoError(t, inner.config.Releases.Update(first))
	marks := maps.Clone(releasetest.Ours)
	marks[labels.Generation], marks["barq.db/rollout"], marks["team"] = "4", "requested", "search"
	require.NoError(t, inner.config.Releases.Create(&release.Release{
		Name: "vectors", Version: 4, Labels: marks, Manifest: ownedManifest,
		Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}},
		Info:  &release.Info{Status: release.StatusDeployed},
	}))
	a.facts.Records.Stored = records.Versions{"sh.helm.release.v1.vectors.v3": "1", "sh.helm.release.v1.vectors.v4": "1"}
	return a, inner
}

func TestTheReleaseIsHandedBack(t *testing.T) {
	a, inner := newHandBack(t)
	_, err := a.Uninstall("vectors")
	require.ErrorIs(t, err, driver.ErrReleaseNotFound, "the BarqCluster can go")
	require.False(t, inner.objects.deleted)
	require.Equal(t, 1, inner.objects.released)

	history, err := inner.config.Releases.History("vectors")
	require.NoError(t, err)
	require.Len(t, history, 2)
	for _, revision := range history {
		require.Equal(t, releasedManifest, revision.Manifest)
		require.NotContains(t, slices.Collect(maps.Keys(revision.Labels)), labels.ManagedBy)
	}
	newest, err := inner.config.Releases.Get("vectors", 4)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"team": "search"}, newest.Labels, "what is not the operator's stays")
	require.Equal(t, release.StatusDeployed, newest.Info.Status)
}

// Objects that could not be released would be deleted with the BarqCluster, so it stays.
func TestAHandBackThatFailsIsTriedAgain(t *testing.T) {
	a, inner := newHandBack(t)
	refused := errors.New("the API server is away")
	inner.objects.refused = refused
	_, err := a.Uninstall("vectors")
	require.ErrorIs(t, err, refused)
	require.NotErrorIs(t, err, driver.ErrReleaseNotFound)
	newest, err := inner.config.Releases.Last("vectors")
	require.NoError(t, err)
	require.True(t, labels.IsOurs(newest), "the next pass begins anew")
}

func TestAMisspeltAnnotationUninstallsNothing(t *testing.T) {
	a, inner := newHandBack(t)
	a.cluster.SetAnnotations(map[string]string{"barq.db/on-deletion": "keep"})
	_, err := a.Uninstall("vectors")
	require.ErrorContains(t, err, `annotation barq.db/on-deletion: "keep" is unknown`)
	require.False(t, inner.objects.deleted)
}

// The manifest of a forged record may be no manifest. Such a record does not keep the BarqCluster, and the hand-back
// leaves its text alone.
func TestAManifestThatIsNoneIsHandedBackAsItIs(t *testing.T) {
	for name, text := range map[string]string{
		"no map": "word", "no YAML": "a: b: c", "too long": strings.Repeat("# a comment\n", 50_000),
	} {
		t.Run(name, func(t *testing.T) {
			server, releases := oneRecord(t, func(stored *corev1.Secret) {
				forged, err := forgery.Forge(stored, forgery.Manifest(text))
				require.NoError(t, err)
				stored.Data = forged.Data
			})
			a, inner := newHandBack(t)
			inner.config.Releases = releases
			_, err := a.Uninstall("vectors")
			require.ErrorIs(t, err, driver.ErrReleaseNotFound)
			require.Equal(t, 1, inner.objects.released)
			left, err := server.CoreV1().Secrets("team").Get(t.Context(), "sh.helm.release.v1.vectors.v1", metav1.GetOptions{})
			require.NoError(t, err)
			require.NotContains(t, left.Labels, labels.ManagedBy)
			says, err := forgery.Open(left)
			require.NoError(t, err)
			require.Equal(t, text, says.Release["manifest"])
		})
	}
}
