package release

import (
	"cmp"
	"context"
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
	helmstorage "helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	helmtime "helm.sh/helm/v3/pkg/time"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	fakeclientset "k8s.io/client-go/kubernetes/fake"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/capabilities"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/storage"
	"github.com/barq-db/barq-operator/internal/signing"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// inMemory is a release storage that nobody else sees.
func inMemory() *helmstorage.Storage {
	return helmstorage.Init(storage.New(fakeclientset.NewClientset().CoreV1(), testKey, testCluster(), &storage.Facts{}))
}

// testKey signs the records of these tests.
var testKey = signing.New([]byte("key"))

func testCluster() client.Object {
	cluster := clusters.Object()
	cluster.SetNamespace("team")
	cluster.SetName("vectors")
	cluster.SetUID("uid of vectors")
	return cluster
}

// stored are Helm's actions on releases in memory. uninstalled tells whether the objects were deleted, and settled what was done to the
// volumes, and whether before or after that.
type stored struct {
	helmclient.ActionInterface
	config      *action.Configuration
	secrets     *failingSecrets
	uninstalled bool
	settled     []string
	// unsettled is the step that fails.
	unsettled string
}

func (s *stored) settles(step string) error {
	s.settled = append(s.settled, fmt.Sprintf("%s, uninstalled %t", step, s.uninstalled))
	if step == s.unsettled {
		return errors.New("refused")
	}
	return nil
}

func (s *stored) Get(name string, _ ...helmclient.GetOption) (*release.Release, error) {
	return action.NewGet(s.config).Run(name)
}

func (s *stored) Config() *action.Configuration { return s.config }

func newActions(t *testing.T, chartName string, labels map[string]string, status release.Status, age time.Duration) (*actions, *stored) {
	t.Helper()
	inner := &stored{secrets: &failingSecrets{SecretsGetter: fakeclientset.NewClientset().CoreV1()}, config: &action.Configuration{
		KubeClient: &kubefake.PrintingKubeClient{Out: io.Discard},
		Log:        func(string, ...any) {},
	}}
	facts := &passFacts{}
	inner.config.Releases = helmstorage.Init(storage.New(inner.secrets, testKey, testCluster(), &facts.records))
	require.NoError(t, inner.config.Releases.Create(&release.Release{
		Name: "vectors", Version: 3, Labels: maps.Clone(labels), Manifest: "manifest",
		Chart: &chart.Chart{Metadata: &chart.Metadata{Name: chartName}},
		Info:  &release.Info{Status: status, LastDeployed: helmtime.Time{Time: began}},
	}))
	getter := newGetter(clocktesting.NewFakeClock(began.Add(age)), &slots{})
	return &actions{
		ActionInterface: inner, cluster: testCluster(), getter: getter, facts: facts,
		uninstall: func(*release.Release) error {
			inner.uninstalled = true
			return nil
		},
		keepVolumes: func() error { return inner.settles("keep") }, deleteVolumes: func() error { return inner.settles("delete") },
	}, inner
}

// oneRecord is the storage of a release with one record, which was changed.
func oneRecord(t *testing.T, change func(*corev1.Secret)) (*fakeclientset.Clientset, *helmstorage.Storage) {
	t.Helper()
	server := fakeclientset.NewClientset()
	require.NoError(t, helmstorage.Init(storage.New(server.CoreV1(), testKey, testCluster(), &storage.Facts{})).Create(&release.Release{
		Name: "vectors", Namespace: "team", Version: 1, Manifest: "manifest", Labels: ours,
		Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}}, Info: &release.Info{Status: release.StatusDeployed},
	}))
	secrets := server.CoreV1().Secrets("team")
	stored, err := secrets.Get(t.Context(), "sh.helm.release.v1.vectors.v1", metav1.GetOptions{})
	require.NoError(t, err)
	change(stored)
	stored, err = secrets.Update(t.Context(), stored, metav1.UpdateOptions{})
	require.NoError(t, err)
	facts := &storage.Facts{Stored: storage.Versions{stored.Name: "1"}}
	return server, helmstorage.Init(storage.New(server.CoreV1(), testKey, testCluster(), facts))
}

// newGetter makes one that knows nothing of an API server.
func newGetter(now clock.Clock, rollouts Rollouts) *actionsGetter {
	getter := newActionsGetter(now)
	getter.chart, getter.rollouts = &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}}, rollouts
	getter.capabilities = &capabilities.Getter{Clock: now}
	getter.objects = fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).Build()
	return getter
}

// newSecretMetadata is what a cache of the metadata of Secrets would give.
func newSecretMetadata(stored ...client.Object) client.Client {
	return fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(stored...).
		WithIndex(&corev1.Secret{}, storage.Index, storage.ReleaseOf).Build()
}

var ours = map[string]string{labels.ManagedBy: labels.Operator}

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
	require.Equal(t, []string{"keep, uninstalled false", "delete, uninstalled true"}, inner.settled)
}

func TestADeletionWaitsUntilTheVolumesAreSettled(t *testing.T) {
	for step, uninstalled := range map[string]bool{"keep": false, "delete": true} {
		actions, inner := newActions(t, "barq-db", ours, release.StatusDeployed, time.Hour)
		inner.unsettled = step
		_, err := actions.Uninstall("vectors")
		require.EqualError(t, err, "refused")
		require.Equal(t, uninstalled, inner.uninstalled)
		inner.unsettled = ""
		_, err = actions.Uninstall("vectors")
		require.True(t, err == nil || errors.Is(err, driver.ErrReleaseNotFound), err)
		require.Equal(t, "delete, uninstalled true", inner.settled[len(inner.settled)-1], "the next reconcile goes on")
	}
}

// What an interrupted install has made goes with the BarqCluster, and so do its volumes if the spec says so.
func TestVolumesWithoutARecordAreSettled(t *testing.T) {
	actions, inner := newActions(t, "barq-db", ours, release.StatusDeployed, time.Hour)
	_, err := inner.config.Releases.Delete("vectors", 3)
	require.NoError(t, err)
	_, err = actions.Uninstall("vectors")
	require.ErrorIs(t, err, driver.ErrReleaseNotFound)
	require.Equal(t, []string{"keep, uninstalled false", "delete, uninstalled false"}, inner.settled)
}

// A record that nothing can read, and that does not carry the operator's mark, may be an administrator's, or a tenant's who wants to keep
// the BarqCluster from going. It stays, and the BarqCluster goes, with or without its objects.
func TestADamagedRecordOfAnotherKeepsNoBarqCluster(t *testing.T) {
	server, releases := oneRecord(t, func(stored *corev1.Secret) {
		stored.Data, stored.Labels[labels.ManagedBy] = map[string][]byte{"release": []byte("record")}, "a person"
	})
	actions, inner := newActions(t, "barq-db", ours, release.StatusDeployed, time.Hour)
	inner.config.Releases = releases
	actions.deleting = true
	_, err := actions.Uninstall("vectors")
	require.ErrorIs(t, err, driver.ErrReleaseNotFound)
	require.False(t, inner.uninstalled)
	left, err := server.CoreV1().Secrets("team").Get(t.Context(), "sh.helm.release.v1.vectors.v1", metav1.GetOptions{})
	require.NoError(t, err)
	require.NotEmpty(t, left.Data)

	actions.cluster.SetAnnotations(map[string]string{"barq.db/on-deletion": "keep-release"})
	for _, refused := range []error{errors.New("the API server is away"), nil} {
		released := 0
		actions.release = func() error { released++; return refused }
		_, err = actions.Uninstall("vectors")
		require.ErrorIs(t, err, cmp.Or(refused, driver.ErrReleaseNotFound))
		require.Equal(t, 1, released)
	}
}

// What is stored is the last thing to go: with it, the next reconcile begins anew.
func TestAnUninstallThatFailsKeepsTheRecords(t *testing.T) {
	actions, inner := newActions(t, "barq-db", ours, release.StatusDeployed, time.Hour)
	refused := errors.New("the API server is away")
	actions.uninstall = func(*release.Release) error { return refused }
	_, err := actions.Uninstall("vectors")
	require.ErrorIs(t, err, refused)
	_, err = inner.config.Releases.Last("vectors")
	require.NoError(t, err)
}

func TestGetRecoversAnInterruptedRelease(t *testing.T) {
	for _, status := range []release.Status{
		release.StatusPendingInstall, release.StatusPendingUpgrade, release.StatusPendingRollback, release.StatusUninstalling,
	} {
		t.Run(status.String(), func(t *testing.T) {
			actions, inner := newActions(t, "barq-db", ours, status, 0)
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

func TestWhatIsARefusal(t *testing.T) {
	invalid := apierrors.NewInvalid(schema.GroupKind{Group: "apps", Kind: "StatefulSet"}, "db",
		field.ErrorList{field.Required(field.NewPath("spec"), "")})
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"invalid":           {fmt.Errorf("failed to create resource: %w", invalid), true},
		"the text of it":    {errors.New(`cannot patch "db" with kind StatefulSet: ` + invalid.Error()), true},
		"a quota":           {apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "db", errors.New("exceeded quota")), true},
		"a webhook":         {apierrors.NewBadRequest("admission webhook denied the request"), true},
		"a spec too large":  {fmt.Errorf("%w: 2 MiB", storage.ErrTooLongSpec), true},
		"another writer":    {apierrors.NewConflict(schema.GroupResource{Resource: "pods"}, "db", errors.New("changed")), false},
		"an overload":       {apierrors.NewTooManyRequests("later", 1), false},
		"a webhook is away": {apierrors.NewInternalError(errors.New("failed calling webhook")), false},
		"network":           {errors.New("connection refused"), false},
		"nothing":           {nil, false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, isRefusal(test.err)) })
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

// failingSecrets are Secrets that cannot be updated while there is an error.
type failingSecrets struct {
	corev1client.SecretsGetter
	err error
}

func (f *failingSecrets) Secrets(namespace string) corev1client.SecretInterface {
	return &failingStore{f.SecretsGetter.Secrets(namespace), f}
}

type failingStore struct {
	corev1client.SecretInterface
	of *failingSecrets
}

func (f *failingStore) Update(ctx context.Context, secret *corev1.Secret, options metav1.UpdateOptions) (*corev1.Secret, error) {
	if f.of.err != nil {
		return nil, f.of.err
	}
	return f.SecretInterface.Update(ctx, secret, options)
}

// A reconcile asks for the release more than once, and the library ignores the first error. What could not be stored is tried again each time.
func TestAStateThatCouldNotBeStoredIsNotBelieved(t *testing.T) {
	for name, test := range map[string]struct{ third, fourth, want release.Status }{
		"superseded":  {release.StatusDeployed, release.StatusDeployed, release.StatusSuperseded},
		"interrupted": {release.StatusSuperseded, release.StatusPendingUpgrade, release.StatusSuperseded},
	} {
		t.Run(name, func(t *testing.T) {
			actions, inner := newActions(t, "barq-db", ours, test.third, time.Hour)
			next := &release.Release{
				Name: "vectors", Version: 4, Labels: maps.Clone(ours),
				Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}},
				Info:  &release.Info{Status: test.fourth, LastDeployed: helmtime.Time{Time: began}},
			}
			require.NoError(t, inner.config.Releases.Create(next))
			store := inner.secrets
			store.err = errors.New("the store is away")
			for range 2 {
				_, err := actions.Get("vectors")
				require.ErrorIs(t, err, store.err)
			}
			store.err = nil
			found, err := actions.Get("vectors")
			require.NoError(t, err)
			require.False(t, unfinished(found))
			third, err := inner.config.Releases.Get("vectors", 3)
			require.NoError(t, err)
			require.Equal(t, test.want, third.Info.Status)
		})
	}
}
