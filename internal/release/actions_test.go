package release

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"testing"
	"time"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	kubefake "helm.sh/helm/v3/pkg/kube/fake"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	helmtime "helm.sh/helm/v3/pkg/time"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	fakeclientset "k8s.io/client-go/kubernetes/fake"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/barq-db/barq-operator/internal/clusters"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// inMemory is a release storage that nobody else sees.
func inMemory() *storage.Storage {
	return storage.Init(newPassDriver(fakeclientset.NewClientset().CoreV1(), "team", &passFacts{}))
}

// stored are Helm's actions on releases in memory. Uninstall only notes that it
// was called.
type stored struct {
	helmclient.ActionInterface
	config      *action.Configuration
	uninstalled bool
}

func (s *stored) Get(name string, _ ...helmclient.GetOption) (*release.Release, error) {
	return action.NewGet(s.config).Run(name)
}

func (s *stored) Uninstall(string, ...helmclient.UninstallOption) (*release.UninstallReleaseResponse, error) {
	s.uninstalled = true
	return &release.UninstallReleaseResponse{}, nil
}

func (s *stored) Config() *action.Configuration { return s.config }

func newActions(t *testing.T, chartName string, labels map[string]string, status release.Status, age time.Duration) (*actions, *stored) {
	t.Helper()
	inner := &stored{config: &action.Configuration{
		Releases:   inMemory(),
		KubeClient: &kubefake.PrintingKubeClient{Out: io.Discard},
		Log:        func(string, ...any) {},
	}}
	require.NoError(t, inner.config.Releases.Create(&release.Release{
		Name: "vectors", Version: 3, Labels: maps.Clone(labels),
		Chart: &chart.Chart{Metadata: &chart.Metadata{Name: chartName}},
		Info:  &release.Info{Status: status, LastDeployed: helmtime.Time{Time: began}},
	}))
	cluster := clusters.Object()
	cluster.SetNamespace("team")
	cluster.SetName("vectors")
	cluster.SetUID("uid of vectors")
	getter := newGetter(clocktesting.NewFakeClock(began.Add(age)), &slots{})
	return &actions{ActionInterface: inner, cluster: cluster, getter: getter, facts: &passFacts{}}, inner
}

// newGetter makes one that knows nothing of an API server.
func newGetter(now clock.Clock, rollouts Rollouts) *actionsGetter {
	getter := newActionsGetter(now)
	getter.chart, getter.rollouts = &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}}, rollouts
	getter.capabilities = &rememberedCapabilities{clock: now}
	return getter
}

// newSecretMetadata is what a cache of the metadata of Secrets would give.
func newSecretMetadata(stored ...client.Object) client.Client {
	return fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(stored...).
		WithIndex(&corev1.Secret{}, releaseIndex, releaseOf).Build()
}

var ours = map[string]string{managedByLabel: managedBy}

func TestGetRefusesAReleaseThatIsNotOurs(t *testing.T) {
	for name, test := range map[string]struct {
		chart  string
		labels map[string]string
		want   string
	}{
		"another chart": {
			chart: "nginx", labels: ours,
			want: `a Helm release named "vectors" of chart "nginx" exists in this namespace and is not touched; give the BarqCluster another name, or remove that release`,
		},
		"installed by hand": {
			chart: "barq-db",
			want:  `the Helm release "vectors" was installed by hand and is not taken over; annotate the BarqCluster with barq.db/adopt-release=vectors to have it taken over, give the BarqCluster another name, or remove that release`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			actions, inner := newActions(t, test.chart, test.labels, release.StatusDeployed, time.Hour)
			_, err := actions.Get("vectors")
			require.EqualError(t, err, test.want)

			_, err = actions.Uninstall("vectors")
			require.ErrorIs(t, err, driver.ErrReleaseNotFound, "the BarqCluster can go")
			require.False(t, inner.uninstalled, "the release stays")
		})
	}
}

func TestOurReleaseIsUninstalled(t *testing.T) {
	actions, inner := newActions(t, "barq-db", ours, release.StatusDeployed, time.Hour)
	_, err := actions.Uninstall("vectors")
	require.NoError(t, err)
	require.True(t, inner.uninstalled)
}

func TestGetRecoversAnInterruptedRelease(t *testing.T) {
	for _, status := range []release.Status{
		release.StatusPendingInstall, release.StatusPendingUpgrade, release.StatusPendingRollback, release.StatusUninstalling,
	} {
		t.Run(status.String(), func(t *testing.T) {
			actions, inner := newActions(t, "barq-db", ours, status, interruptedAfter)
			found, err := actions.Get("vectors")
			require.NoError(t, err)
			require.Equal(t, release.StatusFailed, found.Info.Status)
			kept, err := inner.config.Releases.Last("vectors")
			require.NoError(t, err)
			require.Equal(t, release.StatusFailed, kept.Info.Status)
			require.Equal(t, "interrupted: the operator stopped while it was "+status.String(), kept.Info.Description)
		})
	}
}

// Somebody may still be at work on a young one.
func TestGetWaitsForAYoungRelease(t *testing.T) {
	finished := make(chan release.Status, 1)
	begin := func(stopping <-chan struct{}) (*clocktesting.FakeClock, *stored) {
		actions, inner := newActions(t, "barq-db", ours, release.StatusPendingUpgrade, interruptedAfter-time.Second)
		actions.stopping = stopping
		now := actions.getter.clock.(*clocktesting.FakeClock)
		go func() {
			found, err := actions.Get("vectors")
			if err != nil {
				finished <- release.Status(err.Error())
				return
			}
			finished <- found.Info.Status
		}()
		require.Eventually(t, now.HasWaiters, 10*time.Second, time.Millisecond)
		return now, inner
	}

	now, _ := begin(nil)
	now.Step(time.Second)
	require.Equal(t, release.StatusFailed, <-finished, "nobody finished it")

	now, inner := begin(nil)
	// Past the memory of the pass, as another process does it.
	store := inner.config.Releases.Driver.(*passDriver).Driver
	done, err := store.Get("sh.helm.release.v1.vectors.v3")
	require.NoError(t, err)
	finishedRelease := *done
	finishedRelease.Info = &release.Info{Status: release.StatusDeployed}
	require.NoError(t, store.Update("sh.helm.release.v1.vectors.v3", &finishedRelease))
	now.Step(time.Second)
	require.Equal(t, release.StatusDeployed, <-finished, "somebody finished it")

	stopping := make(chan struct{})
	begin(stopping)
	close(stopping)
	require.Equal(t, release.Status(`the operator stops while revision 3 of Helm release "vectors" is pending-upgrade`), <-finished)
}

// A deletion goes on where it was interrupted; marking it would not help.
func TestUninstallingIsLeftAloneWhileDeleting(t *testing.T) {
	actions, _ := newActions(t, "barq-db", ours, release.StatusUninstalling, time.Hour)
	actions.deleting = true
	found, err := actions.Get("vectors")
	require.NoError(t, err)
	require.Equal(t, release.StatusUninstalling, found.Info.Status)
}

func TestGetPassesFinishedReleasesOn(t *testing.T) {
	for _, status := range []release.Status{release.StatusDeployed, release.StatusFailed, release.StatusSuperseded} {
		actions, _ := newActions(t, "barq-db", ours, status, 0)
		found, err := actions.Get("vectors")
		require.NoError(t, err)
		require.Equal(t, status, found.Info.Status)
	}
}

func TestOnlyWhatIsInvalidIsFinal(t *testing.T) {
	invalid := apierrors.NewInvalid(schema.GroupKind{Group: "apps", Kind: "StatefulSet"}, "db",
		field.ErrorList{field.Required(field.NewPath("spec"), "")})
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"install": {fmt.Errorf("failed to create resource: %w", invalid), true},
		"upgrade": {errors.New(`cannot patch "db" with kind StatefulSet: ` + invalid.Error()), true},
		"quota":   {apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "db", errors.New("exceeded quota")), false},
		"network": {errors.New("connection refused"), false},
		"nothing": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, errors.Is(final(test.err), reconcile.TerminalError(nil)))
		})
	}
}

// Helm logs that it could not store the end of a revision, and goes on.
func TestARevisionThatIsOverIsCalledSo(t *testing.T) {
	actions, inner := newActions(t, "barq-db", ours, release.StatusDeployed, time.Hour)
	next := &release.Release{
		Name: "vectors", Version: 4, Labels: maps.Clone(ours),
		Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}},
		Info:  &release.Info{Status: release.StatusDeployed, LastDeployed: helmtime.Time{Time: began}},
	}
	require.NoError(t, inner.config.Releases.Create(next))

	found, err := actions.Get("vectors")
	require.NoError(t, err)
	require.Equal(t, 4, found.Version)
	for version, want := range map[int]release.Status{3: release.StatusSuperseded, 4: release.StatusDeployed} {
		stored, err := inner.config.Releases.Get("vectors", version)
		require.NoError(t, err)
		require.Equal(t, want, stored.Info.Status, version)
	}
}
