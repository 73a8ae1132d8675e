package session

import (
	"errors"
	"testing"
	"time"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/release"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"

	"github.com/barq-db/barq-operator/internal/helm/releasetest"
)

// helmCalls are Helm's actions on one release. They note the calls.
type helmCalls struct {
	helmclient.ActionInterface
	release *release.Release
	calls   []string
	// err is the error of upgrades.
	err error
}

func (h *helmCalls) Config() *action.Configuration {
	return &action.Configuration{Capabilities: chartutil.DefaultCapabilities, Releases: inMemory()}
}

func (h *helmCalls) Get(string, ...helmclient.GetOption) (*release.Release, error) {
	h.calls = append(h.calls, "get")
	return h.release, nil
}

func (h *helmCalls) Upgrade(_, _ string, _ *chart.Chart, _ map[string]any, opts ...helmclient.UpgradeOption) (*release.Release, error) {
	if onlyRenders(opts) {
		h.calls = append(h.calls, "render")
		return h.release, nil
	}
	h.calls = append(h.calls, "upgrade")
	return h.release, h.err
}

func (h *helmCalls) Reconcile(*release.Release) error {
	h.calls = append(h.calls, "reconcile")
	return nil
}

// settling has a BarqCluster with a release, for one reconcile after another.
type settling struct {
	t        *testing.T
	helm     *helmCalls
	sessions *Sessions
	objects  *objects
	cluster  *v1alpha1.BarqCluster
	secrets  client.Client
	values   map[string]any
}

func newSettling(t *testing.T) *settling {
	stored := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "sh.helm.release.v1.vectors.v1"}}
	s := &settling{
		t: t,
		helm: &helmCalls{release: &release.Release{
			Name: "vectors", Version: 1, Manifest: "manifest", Labels: releasetest.Ours,
			Info:  &release.Info{Status: release.StatusDeployed},
			Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}, Raw: []*chart.File{{Data: []byte("large")}}},
		}},
		objects: &objects{},
		cluster: &v1alpha1.BarqCluster{},
		secrets: newSecretMetadata(stored),
		values:  map[string]any{"replicas": 1},
	}
	s.cluster.Namespace, s.cluster.Name, s.cluster.UID = "team", "vectors", types.UID("one")
	s.sessions = newSessions(clocktesting.NewFakeClock(releasetest.Began), s.helm, s.objects, &slots{})
	s.sessions.Secrets = s.secrets
	return s
}

// begins returns the session of another reconcile.
func (s *settling) begins() *Session {
	s.t.Helper()
	helm, err := s.sessions.ActionClientFor(s.t.Context(), releasetest.Unstructured(s.t, s.cluster))
	require.NoError(s.t, err)
	return helm.(*Session)
}

// pass does what the library does in a reconcile that finds nothing to upgrade. It returns the calls that reached Helm.
func (s *settling) pass() []string {
	s.t.Helper()
	s.helm.calls = nil
	helm := s.begins()
	found, err := helm.Get("vectors")
	require.NoError(s.t, err)
	require.Equal(s.t, release.StatusDeployed, found.Info.Status)
	rendered, err := helm.Upgrade("vectors", "team", nil, s.values, dryRun)
	require.NoError(s.t, err)
	require.Equal(s.t, "manifest", rendered.Manifest)
	require.NoError(s.t, helm.Reconcile(found))
	return s.helm.calls
}

func dryRun(upgrade *action.Upgrade) error {
	upgrade.DryRun = true
	return nil
}

func TestASettledReleaseIsNotAskedFor(t *testing.T) {
	s := newSettling(t)
	require.Equal(t, []string{"get", "render"}, s.pass())
	require.Empty(t, s.pass())
	require.Empty(t, s.pass())

	s.values = map[string]any{"replicas": 2}
	require.Equal(t, []string{"render", "get"}, s.pass(), "other values are rendered, and compared with the whole release")
	require.Empty(t, s.pass())

	s.objects.drifted = true
	require.Equal(t, []string{"reconcile"}, s.pass(), "what was changed by hand is reverted")
	s.objects.drifted = false
	require.Empty(t, s.pass())

	another := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "sh.helm.release.v1.vectors.v2"}}
	require.NoError(t, s.secrets.Create(t.Context(), another))
	require.Equal(t, []string{"get", "render"}, s.pass(), "a stored revision that another one added is seen")
	require.Empty(t, s.pass())

	unrelated := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "sh.helm.release.v1.vectors2.v1"}}
	require.NoError(t, s.secrets.Create(t.Context(), unrelated))
	require.Empty(t, s.pass(), "the release of another name is not")

	s.cluster.UID = "two"
	require.Equal(t, []string{"get", "render"}, s.pass(), "a new BarqCluster of the name knows nothing of the former")
}

func TestNothingIsRememberedForAnEmptyStorage(t *testing.T) {
	s := newSettling(t)
	stored := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "sh.helm.release.v1.vectors.v1"}}
	require.NoError(t, s.secrets.Delete(t.Context(), stored))
	s.pass()
	require.Equal(t, []string{"get", "render"}, s.pass())
}

func TestWhatWasMadeIsNotReadAgain(t *testing.T) {
	s := newSettling(t)
	s.pass()
	s.values = map[string]any{"replicas": 2}
	upgrade := func() error {
		helm := s.begins()
		_, err := helm.Upgrade("vectors", "team", nil, s.values, dryRun)
		require.NoError(t, err)
		_, err = helm.Upgrade("vectors", "team", nil, s.values)
		return err
	}
	require.NoError(t, upgrade())
	require.Empty(t, s.pass())

	s.values, s.helm.err = map[string]any{"replicas": 3}, errors.New("connection refused")
	require.Error(t, upgrade())
	require.Equal(t, []string{"get", "render"}, s.pass(), "what a failed upgrade has left is not known")
}

func TestADeletionRemembersNothing(t *testing.T) {
	s := newSettling(t)
	s.pass()
	session := s.begins()
	require.NotNil(t, s.sessions.settled.Get("one", session.known.stored.String()))
	s.cluster.DeletionTimestamp = &metav1.Time{Time: releasetest.Began.Add(time.Hour)}
	session = s.begins()
	require.Nil(t, s.sessions.settled.Get("one", session.known.stored.String()))
}
