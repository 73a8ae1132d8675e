package session

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

	"k8s.io/client-go/tools/events"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/records"
	"github.com/barq-db/barq-operator/internal/helm/releasetest"
	"github.com/barq-db/barq-operator/internal/helm/settled"
	"github.com/barq-db/barq-operator/internal/helm/upgrade"
)

// slots notes the calls of its methods. One is free unless taken is set.
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

// renderingHelm has one release, and renders another manifest of it and upgrades to it.
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

// inStorage is the record of the release.
var inStorage = records.Versions{"something": "1"}

// passOver does what the library does, and reports whether that created a revision.
func passOver(t *testing.T, helm *renderingHelm, slots *slots, remembered *settled.Releases, conditions ...metav1.Condition) bool {
	t.Helper()
	sessions := newSessions(clock.RealClock{}, helm, &objects{}, slots)
	sessions.Secrets, sessions.settled = newSecretMetadata(), remembered
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name, cluster.UID, cluster.Generation = "team", "vectors", "one", 3
	cluster.Status.Conditions = conditions
	pass, err := sessions.ActionClientFor(t.Context(), releasetest.Unstructured(t, cluster))
	require.NoError(t, err)
	pass.(*Session).known.stored = inStorage

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
	newest := releasetest.Revision(status, releasetest.Before, releasetest.Labels("3", origin))
	newest.Chart = &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}}
	return newest
}

func TestAnUnrequestedRolloutWaits(t *testing.T) {
	helm := &renderingHelm{newest: ourRevision(release.StatusDeployed, "requested"), manifest: releasetest.Manifest("1", "barq:2", "ClusterIP")}
	queue, remembered := &slots{taken: true}, settled.New()

	require.False(t, passOver(t, helm, queue, remembered))
	require.Equal(t, []string{"begin"}, queue.calls)
	require.Nil(t, remembered.Get("one", inStorage.String()), "the next reconcile asks again")

	queue.taken = false
	require.True(t, passOver(t, helm, queue, remembered))
	require.Equal(t, []string{"begin", "begin", "made 3"}, queue.calls)
	require.Equal(t, []map[string]string{releasetest.Labels("3", "unrequested")}, helm.made)

	require.False(t, passOver(t, helm, queue, remembered))
	require.Equal(t, []string{"begin", "begin", "made 3", "leave"}, queue.calls)
	require.NotNil(t, remembered.Get("one", inStorage.String()))
}

// Neither a newer operator nor a Secret restarts a pod whose PVC is being deleted. An edit of the spec does.
func TestARestartWaitsWhileDataIsAtRisk(t *testing.T) {
	risk := metav1.Condition{Type: v1alpha1.ConditionVolumesResized, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonDataAtRisk}
	for name, test := range map[string]struct {
		generation string
		secrets    string
		manifest   string
		calls      []string
	}{
		"a newer operator":         {"3", "one", releasetest.Manifest("1", "barq:2", "ClusterIP"), []string{"hold"}},
		"a Secret":                 {"3", "another", releasetest.Manifest("1", "barq:2", "ClusterIP"), []string{"hold"}},
		"an edit":                  {"2", "one", releasetest.Manifest("1", "barq:2", "ClusterIP"), []string{"leave"}},
		"a Secret that no pod has": {"3", "another", releasetest.Manifest("1", "barq:1", "NodePort"), []string{"leave"}},
	} {
		t.Run(name, func(t *testing.T) {
			newest := releasetest.Revision(release.StatusDeployed, releasetest.Before, releasetest.Labels(test.generation, "requested"))
			newest.Chart = &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}}
			newest.Config = map[string]any{"secretsChecksum": test.secrets}
			helm, queue := &renderingHelm{newest: newest, manifest: test.manifest}, &slots{}
			made := passOver(t, helm, queue, settled.New(), risk)
			require.Equal(t, test.calls, queue.calls)
			require.Equal(t, test.calls[0] == "leave", made)
		})
	}
}

func TestWhatDoesNotRestartPodsDoesNotWait(t *testing.T) {
	helm := &renderingHelm{newest: ourRevision(release.StatusDeployed, "requested"), manifest: releasetest.Manifest("1", "barq:1", "NodePort")}
	queue := &slots{taken: true}
	require.True(t, passOver(t, helm, queue, settled.New()))
	require.Equal(t, []string{"leave"}, queue.calls)
	require.Equal(t, []map[string]string{releasetest.Labels("3", "requested")}, helm.made)
}

func TestAFailedRolloutGoesOn(t *testing.T) {
	helm := &renderingHelm{newest: ourRevision(release.StatusFailed, "unrequested"), manifest: releasetest.Before}
	queue := &slots{taken: true}
	require.True(t, passOver(t, helm, queue, settled.New()))
	require.Equal(t, []string{"resume", "made 3"}, queue.calls)
	require.Equal(t, []map[string]string{releasetest.Labels("3", "unrequested")}, helm.made)
}

func TestAnInstallIsRequested(t *testing.T) {
	helm := &renderingHelm{newest: ourRevision(release.StatusDeployed, "requested")}
	cluster := &v1alpha1.BarqCluster{}
	cluster.Generation = 1
	pass := &Session{
		ActionInterface: helm, ctx: t.Context(), cluster: cluster, known: known{asked: upgrade.Request{Generation: 1}},
		sessions: newSessions(clock.RealClock{}, helm, &objects{}, &slots{}),
	}
	_, err := pass.Install("vectors", "team", nil, nil)
	require.NoError(t, err)
	require.Equal(t, []map[string]string{releasetest.Labels("1", "requested")}, helm.made)
}

func TestARestartIsTold(t *testing.T) {
	recorder := events.NewFakeRecorder(1)
	s := &Session{sessions: &Sessions{Options: Options{Events: recorder}}, cluster: releasetest.Cluster()}
	s.tellsRestart()
	require.Empty(t, recorder.Events, "no pod restarts")
	s.facts.Objects.Cause.Why = upgrade.Cause([]string{"spec.priorityClassName"}, nil, s.next.plan, 2, false)
	s.tellsRestart()
	require.Equal(t, "Normal RollingOut the pods are replaced, because the spec has changed (generation 2): spec.priorityClassName", <-recorder.Events)
	s.sessions.Events = nil
	s.tellsRestart()
}
