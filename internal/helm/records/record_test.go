package records

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/release"

	"helm.sh/helm/v3/pkg/chart"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/releasetest"
	"github.com/barq-db/barq-operator/internal/signing"
)

func TestNumbersOfRevisions(t *testing.T) {
	for name, number := range map[string]int{
		"v1": 1, "v12": 12, "v2147483646": 2147483646, "v2147483647": 0, "v9223372036854775807": 0, "v99999999999999999999": 0,
		"v0": 0, "v-1": 0, "v01": 0, "v+1": 0, "v": 0, "vone": 0,
	} {
		require.Equal(t, number, NumberOf(keyStart+"db."+name), name)
	}
}

// A revision that is too large for a Secret is refused before any of it is applied.
func TestARevisionFitsASecret(t *testing.T) {
	made := numbered(1, release.StatusPendingInstall, labels.Requested)
	require.NoError(t, Fits(made))
	made.Manifest = strings.Repeat("a", 4<<20)
	require.NoError(t, Fits(made), "it is packed")
	random := make([]byte, 600<<10)
	for i, state := 0, uint32(1); i < len(random); i++ {
		state = state*1664525 + 1013904223
		random[i] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[state>>26]
	}
	made.Manifest = string(random)
	require.NoError(t, Fits(made))
	made.Config = map[string]any{"env": string(random)}
	require.ErrorContains(t, Fits(made), "the spec is too large: Helm's record of it would have ")
}

// The manifest of a person's release is compared with what the spec renders. Reading YAML takes far more memory than
// the text.
func TestALargeManifestOfAPersonIsNotRead(t *testing.T) {
	owner := Owner{Cluster: releasetest.Cluster(), Key: signing.New([]byte("key"))}
	for size, damage := range map[int]error{manifestLimit - 100: nil, manifestLimit + 1: errTooLarge} {
		theirs := numbered(2, release.StatusDeployed, "")
		theirs.Labels, theirs.Manifest = nil, strings.Repeat("a", size)
		stored, err := owner.Create("key", theirs)
		require.NoError(t, err)
		found, _, err := owner.Read(stored, 2, false, signedLimit)
		if damage == nil {
			require.NoError(t, err)
			require.Equal(t, theirs.Manifest, found.Release.Manifest)
			require.False(t, labels.Believed(found.Release))
			continue
		}
		require.ErrorIs(t, err, damage)
		require.ErrorIs(t, err, ErrForeign, "the operator leaves it alone")
	}
}

// numbered returns a revision of the operator's chart without its templates, which the operator does not store.
func numbered(version int, status release.Status, rollout string) *release.Release {
	return &release.Release{
		Name: "vectors", Namespace: "team", Version: version, Manifest: "manifest",
		Labels: map[string]string{labels.ManagedBy: labels.Operator, labels.Rollout: rollout},
		Info:   &release.Info{Status: status},
		Chart:  &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}, Values: map[string]any{"replicas": float64(1)}},
	}
}
