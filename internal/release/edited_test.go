package release

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/internal/rollout"
)

// settledForEdits is one whose last pass was over generation 3.
func settledForEdits(t *testing.T) *settling {
	s := newSettling(t)
	s.helm.release.Labels = labelled("3", rollout.Requested)
	s.helm.release.Config = map[string]any{"replicas": float64(1)}
	s.helm.release.Chart.Raw = nil
	s.cluster.Generation = 3
	s.pass()
	require.Empty(t, s.pass())
	s.cluster.Generation, s.values = 4, map[string]any{"replicas": 2}
	return s
}

// Whoever may make Secrets could else keep an edit from being applied.
func TestASecretThatIsNamedLikeARevisionIsNotInTheWayOfAnEdit(t *testing.T) {
	s := settledForEdits(t)
	another := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "sh.helm.release.v1.vectors.vfive"}}
	require.NoError(t, s.secrets.Create(t.Context(), another))
	s.cluster.Generation, s.values = 3, map[string]any{"replicas": 1}
	s.pass()
	require.Empty(t, s.pass(), "it is settled with that Secret")
	s.cluster.Generation, s.values = 4, map[string]any{"replicas": 2}
	require.Equal(t, []string{"render", "get"}, s.edits(), "what is stored is read")
}

// edits does what the library does on a pass that upgrades if what it is given differs, and gives what reached Helm.
func (s *settling) edits() []string {
	s.t.Helper()
	s.helm.calls = nil
	helm := s.begins()
	current, err := helm.Get("vectors")
	require.NoError(s.t, err)
	rendered, err := helm.Upgrade("vectors", "team", nil, s.values, dryRun)
	require.NoError(s.t, err)
	if rendered.Manifest == current.Manifest {
		return s.helm.calls
	}
	_, err = helm.Get("vectors")
	require.NoError(s.t, err)
	_, err = helm.Upgrade("vectors", "team", nil, s.values)
	require.NoError(s.t, err)
	return s.helm.calls
}

func TestAnEditIsRenderedOnce(t *testing.T) {
	s := settledForEdits(t)
	require.Equal(t, []string{"get", "upgrade"}, s.edits())
}

func TestWhatNobodyAskedForIsRenderedFirst(t *testing.T) {
	for name, change := range map[string]func(*settling){
		"no edit":              func(s *settling) { s.cluster.Generation = 3 },
		"the chart is another": func(s *settling) { s.getter.settled.known["one"] = packedRelease{} },
		"it was refused": func(s *settling) {
			inputs, err := inputsOf(s.values, sumOf(s.helm.Config().Capabilities))
			require.NoError(t, err)
			s.getter.refused.remember("one", refusedAttempt{inputs: inputs})
		},
		"a revision more is stored": func(s *settling) {
			another := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "sh.helm.release.v1.vectors.v2"}}
			require.NoError(t, s.secrets.Create(t.Context(), another))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := settledForEdits(t)
			change(s)
			require.Contains(t, s.edits(), "render")
		})
	}
	for name, change := range map[string]func(*release.Release){
		"the last one failed":                      func(r *release.Release) { r.Info.Status = release.StatusFailed },
		"nobody asked for the last one":            func(r *release.Release) { r.Labels = labelled("3", rollout.Unrequested) },
		"the last one is of another chart version": func(r *release.Release) { r.Chart.Metadata = &chart.Metadata{Name: "barq-db", Version: "0"} },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSettling(t)
			s.helm.release.Labels = labelled("3", rollout.Requested)
			change(s.helm.release)
			s.cluster.Generation = 3
			pass := s.begins()
			pass.inputs[0] = 1
			require.NoError(t, pass.remember(settledRelease{stored: pass.stored.String(), inputs: pass.inputs, release: s.helm.release}))
			s.cluster.Generation = 4
			require.Contains(t, s.edits(), "render")
		})
	}
}

func TestAReleaseIsUnpackedAsItWasStored(t *testing.T) {
	stored := newStoring(t)
	made := numbered(1, release.StatusDeployed, rollout.Requested)
	made.Config = map[string]any{"replicas": float64(1), "tiering": map[string]any{"enabled": true}}
	made.Hooks = []*release.Hook{{Name: "test", Kind: "Pod", Manifest: "kind: Pod", Events: []release.HookEvent{release.HookTest}}}
	made.Info.FirstDeployed.Time, made.Info.LastDeployed.Time, made.Info.Notes = began, began, "notes"
	require.NoError(t, stored.storage.Create(made))
	stored.pass()
	read := stored.last()

	pass, _ := newActions(t, "barq-db", ours, release.StatusDeployed, 0)
	pass.getter.chart = made.Chart
	require.NoError(t, pass.remember(settledRelease{stored: "stored", release: read}))
	known, err := pass.getter.settled.find(pass.cluster.GetUID(), "stored")
	require.NoError(t, err)
	whole, err := known.whole(pass.getter.chart)
	require.NoError(t, err)
	require.Equal(t, read, whole)

	pass.known = known
	require.NoError(t, pass.remember(settledRelease{stored: "later", release: known.release}))
	later, err := pass.getter.settled.find(pass.cluster.GetUID(), "later")
	require.NoError(t, err)
	require.Equal(t, known.rest, later.rest, "a pass that finds nothing to do does not forget what it did not read")
}

// What is known of a release answers for the storage, and what only counts is never stored.
func TestAStorageThatKnowsIsNotAsked(t *testing.T) {
	s := newStoring(t)
	for version := 1; version <= 5; version++ {
		status := release.StatusSuperseded
		if version == 5 {
			status = release.StatusDeployed
		}
		require.NoError(t, s.storage.Create(numbered(version, status, rollout.Requested)))
	}
	s.pass()
	s.asked()
	newest := numbered(5, release.StatusDeployed, rollout.Requested)
	before, err := revisionsBefore(newest, storedVersions{keyOf("vectors", 3): "1", keyOf("vectors", 4): "2", keyOf("vectors", 5): "3", keyOf("vectors", 1): "1", keyOf("vectors", 2): "1"})
	require.NoError(t, err)
	require.Len(t, before, 4)
	storageOf(s.storage).knows(append(before, newest))

	require.Equal(t, 5, s.last().Version)
	deployed, err := s.storage.Deployed("vectors")
	require.NoError(t, err)
	require.Equal(t, newest, deployed)
	require.ErrorContains(t, s.storage.Update(before[0]), "not all is known")
	require.Empty(t, s.asked())

	s.storage.MaxHistory = 5
	next := numbered(6, release.StatusPendingUpgrade, rollout.Requested)
	require.NoError(t, s.storage.Create(next))
	require.Equal(t, []string{"delete"}, s.asked(), "the oldest")
	next.SetStatus(release.StatusDeployed, "done")
	require.NoError(t, s.storage.Update(next))
	newest.SetStatus(release.StatusSuperseded, "over")
	require.NoError(t, s.storage.Update(newest))
	s.asked()

	revisions, err := s.storage.History("vectors")
	require.NoError(t, err)
	require.Empty(t, s.asked(), "what was written is known")
	var versions []int
	for _, found := range revisions {
		versions = append(versions, found.Version)
	}
	require.ElementsMatch(t, []int{2, 3, 4, 5, 6}, versions)

	_, err = revisionsBefore(newest, storedVersions{keyOf("vectors", 5): "1", "sh.helm.release.v1.vectors.vfive": "1"})
	require.ErrorContains(t, err, "vfive")
}
