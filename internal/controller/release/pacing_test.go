package release

import (
	"context"
	"fmt"
	"testing"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/release"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/storage"
)

// slots note what is asked of them. Without taken, one is free.
type slots struct {
	taken bool
	calls []string
}

func (s *slots) Begin(context.Context, client.Object, string) (bool, error) {
	s.calls = append(s.calls, "begin")
	return !s.taken, nil
}

func (s *slots) Resume(client.Object) { s.calls = append(s.calls, "resume") }

func (s *slots) Hold(client.Object) { s.calls = append(s.calls, "hold") }

func (s *slots) Made(_ client.Object, revision int) {
	s.calls = append(s.calls, fmt.Sprintf("made %d", revision))
}

func (s *slots) Leave(types.UID) { s.calls = append(s.calls, "leave") }

// renderingHelm has one release, and renders and makes another manifest of it.
type renderingHelm struct {
	helmclient.ActionInterface
	newest   *release.Release
	manifest string
	made     []map[string]string
}

func (h *renderingHelm) Config() *action.Configuration {
	return &action.Configuration{Capabilities: chartutil.DefaultCapabilities, Releases: inMemory()}
}

func (h *renderingHelm) Get(string, ...helmclient.GetOption) (*release.Release, error) {
	return h.newest, nil
}

func (h *renderingHelm) Install(_, _ string, _ *chart.Chart, _ map[string]any, opts ...helmclient.InstallOption) (*release.Release, error) {
	asked := &action.Install{}
	for _, opt := range opts {
		if err := opt(asked); err != nil {
			return nil, err
		}
	}
	h.made = append(h.made, asked.Labels)
	return h.newest, nil
}

func (h *renderingHelm) Upgrade(_, _ string, _ *chart.Chart, values map[string]any, opts ...helmclient.UpgradeOption) (*release.Release, error) {
	asked := &action.Upgrade{}
	for _, opt := range opts {
		if err := opt(asked); err != nil {
			return nil, err
		}
	}
	next := *h.newest
	next.Manifest, next.Config, next.Version = h.manifest, values, h.newest.Version+1
	if asked.DryRun {
		return &next, nil
	}
	next.Labels = asked.Labels
	h.made = append(h.made, asked.Labels)
	h.newest = &next
	return &next, nil
}

func (h *renderingHelm) Reconcile(*release.Release) error { return nil }

// passOver does what the library does, and tells whether it made a revision.
func passOver(t *testing.T, helm *renderingHelm, slots *slots, settled *settledReleases, conditions ...metav1.Condition) bool {
	t.Helper()
	getter := newGetter(clock.RealClock{}, slots)
	getter.ActionClientGetter = helmclient.ActionClientGetterFunc(func(context.Context, client.Object) (helmclient.ActionInterface, error) {
		return helm, nil
	})
	getter.secrets, getter.settled = newSecretMetadata(), settled
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name, cluster.UID, cluster.Generation = "team", "vectors", "one", 3
	cluster.Status.Conditions = conditions
	pass, err := getter.ActionClientFor(t.Context(), unstructuredOf(t, cluster))
	require.NoError(t, err)
	pass.(*actions).stored = storage.Versions{"something": "1"}
	pass.(*actions).intact = func(string) (owned.Versions, error) { return owned.Versions{}, nil }

	values := map[string]any{"secretsChecksum": "one"}
	found, err := pass.Get("vectors")
	require.NoError(t, err)
	rendered, err := pass.Upgrade("vectors", "team", nil, values, dryRun)
	require.NoError(t, err)
	if rendered.Manifest == found.Manifest && found.Info.Status != release.StatusFailed {
		require.NoError(t, pass.Reconcile(found))
		return false
	}
	_, err = pass.Upgrade("vectors", "team", nil, values)
	require.NoError(t, err)
	return true
}

func ourRevision(status release.Status, origin string) *release.Release {
	newest := revision(status, before, labelled("3", origin))
	newest.Chart = &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}}
	return newest
}

func TestARollOutThatNobodyAskedForWaits(t *testing.T) {
	helm := &renderingHelm{newest: ourRevision(release.StatusDeployed, "requested"), manifest: manifestOf("1", "barq:2", "ClusterIP")}
	queue, settled := &slots{taken: true}, newSettledReleases()

	require.False(t, passOver(t, helm, queue, settled))
	require.Equal(t, []string{"begin"}, queue.calls)
	require.Empty(t, settled.known, "the next pass asks again")

	queue.taken = false
	require.True(t, passOver(t, helm, queue, settled))
	require.Equal(t, []string{"begin", "begin", "made 3"}, queue.calls)
	require.Equal(t, []map[string]string{labelled("3", "unrequested")}, helm.made)

	require.False(t, passOver(t, helm, queue, settled))
	require.Equal(t, []string{"begin", "begin", "made 3", "leave"}, queue.calls)
	require.Len(t, settled.known, 1)
}

// Neither a newer operator nor a Secret restarts a pod whose claim is being deleted. An edit of the spec does.
func TestARestartWaitsWhileDataIsAtRisk(t *testing.T) {
	risk := metav1.Condition{Type: v1alpha1.ConditionVolumesResized, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonDataAtRisk}
	for name, test := range map[string]struct {
		generation string
		secrets    string
		manifest   string
		calls      []string
	}{
		"a newer operator":         {"3", "one", manifestOf("1", "barq:2", "ClusterIP"), []string{"hold"}},
		"a Secret":                 {"3", "another", manifestOf("1", "barq:2", "ClusterIP"), []string{"hold"}},
		"an edit":                  {"2", "one", manifestOf("1", "barq:2", "ClusterIP"), []string{"leave"}},
		"a Secret that no pod has": {"3", "another", manifestOf("1", "barq:1", "NodePort"), []string{"leave"}},
	} {
		t.Run(name, func(t *testing.T) {
			newest := revision(release.StatusDeployed, before, labelled(test.generation, "requested"))
			newest.Chart = &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}}
			newest.Config = map[string]any{"secretsChecksum": test.secrets}
			helm, queue := &renderingHelm{newest: newest, manifest: test.manifest}, &slots{}
			made := passOver(t, helm, queue, newSettledReleases(), risk)
			require.Equal(t, test.calls, queue.calls)
			require.Equal(t, test.calls[0] == "leave", made)
		})
	}
}

func TestWhatDoesNotRestartPodsDoesNotWait(t *testing.T) {
	helm := &renderingHelm{newest: ourRevision(release.StatusDeployed, "requested"), manifest: manifestOf("1", "barq:1", "NodePort")}
	queue := &slots{taken: true}
	require.True(t, passOver(t, helm, queue, newSettledReleases()))
	require.Equal(t, []string{"leave"}, queue.calls)
	require.Equal(t, []map[string]string{labelled("3", "requested")}, helm.made)
}

func TestAFailedRollOutGoesOn(t *testing.T) {
	helm := &renderingHelm{newest: ourRevision(release.StatusFailed, "unrequested"), manifest: before}
	queue := &slots{taken: true}
	require.True(t, passOver(t, helm, queue, newSettledReleases()))
	require.Equal(t, []string{"resume", "made 3"}, queue.calls)
	require.Equal(t, []map[string]string{labelled("3", "unrequested")}, helm.made)
}

func TestAnInstallIsRequested(t *testing.T) {
	helm := &renderingHelm{newest: ourRevision(release.StatusDeployed, "requested")}
	cluster := &v1alpha1.BarqCluster{}
	cluster.Generation = 1
	pass := &actions{
		ActionInterface: helm, cluster: cluster, asked: request{generation: 1},
		getter: newGetter(clock.RealClock{}, &slots{}), facts: &passFacts{},
	}
	_, err := pass.Install("vectors", "team", nil, nil)
	require.NoError(t, err)
	require.Equal(t, []map[string]string{labelled("1", "requested")}, helm.made)
}
