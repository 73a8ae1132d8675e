package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"testing"

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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	fakeclientset "k8s.io/client-go/kubernetes/fake"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"helm.sh/helm/v3/pkg/kube"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/capabilities"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/library"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/records"
	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
	"github.com/barq-db/barq-operator/internal/helm/releasetest"
	"github.com/barq-db/barq-operator/internal/helm/storage"
	"github.com/barq-db/barq-operator/internal/signing"
)

// inMemory returns an empty release storage in memory.
func inMemory() *helmstorage.Storage {
	return helmstorage.Init(storage.New(fakeclientset.NewClientset().CoreV1(), testKey, releasetest.Cluster(), &storage.Facts{}))
}

// testKey signs the records of these tests.
var testKey = signing.New([]byte("key"))

// stored are Helm's actions on releases in memory. settled says what was done to the volumes, and whether before or
// after the objects were deleted.
type stored struct {
	helmclient.ActionInterface
	config  *action.Configuration
	secrets *failingSecrets
	objects *objects
	settled []string
	// failing is the step that fails.
	failing string
}

func (s *stored) settle(step string) error {
	s.settled = append(s.settled, fmt.Sprintf("%s, uninstalled %t", step, s.objects.deleted))
	if step == s.failing {
		return errors.New("refused")
	}
	return nil
}

// volumes are those of the release.
type volumes struct{ *stored }

func (v volumes) Keep(context.Context, client.Object) error { return v.settle("keep") }

func (v volumes) Delete(context.Context, client.Object) error { return v.settle("delete") }

// objects are those of a release: they are unchanged and intact unless one of them drifted.
type objects struct {
	Objects
	drifted, deleted bool
	released         int
	// there is the text that names them.
	there string
	// refused is the error of a deletion and of a release.
	refused error
	// replicas are those of the StatefulSet, which an upgrade sets to one.
	replicas int32
}

func (o *objects) Unchanged(context.Context, owned.Versions) (bool, error) { return false, nil }

func (o *objects) Intact(context.Context, client.Object, kube.Interface, string) (owned.Versions, error) {
	if o.drifted {
		return nil, nil
	}
	return owned.Versions{}, nil
}

func (o *objects) There(context.Context, kube.Interface, string) (string, error) { return o.there, nil }

func (o *objects) Delete(context.Context, client.Object, bool) error {
	o.deleted = o.refused == nil
	return o.refused
}

func (o *objects) Release(context.Context, client.Object) error {
	o.released++
	return o.refused
}

func (o *objects) Forget(types.UID) {}

// Try answers like an API server on which the pods are not as the release says.
func (o *objects) Try(_ context.Context, _ client.ObjectKey, patch func(*appsv1.StatefulSet) ([]byte, error)) (before, after *appsv1.StatefulSet, err error) {
	before = &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{Replicas: ptr.To(o.replicas)}}
	if _, err := patch(before); err != nil {
		return nil, nil, err
	}
	after = before.DeepCopy()
	after.Spec.Replicas = ptr.To[int32](1)
	return before, after, nil
}

// opens returns the same actions for each reconcile.
type opens struct{ helmclient.ActionInterface }

func (o opens) Open(context.Context, client.Object, *library.Facts) (helmclient.ActionInterface, error) {
	return o.ActionInterface, nil
}

func (s *stored) Get(name string, _ ...helmclient.GetOption) (*release.Release, error) {
	return action.NewGet(s.config).Run(name)
}

func (s *stored) Config() *action.Configuration { return s.config }

// newSession returns the session of a BarqCluster whose release is in memory.
func newSession(t *testing.T, chartName string, marks map[string]string, status release.Status) (*Session, *stored) {
	t.Helper()
	inner := &stored{
		objects: &objects{}, secrets: &failingSecrets{SecretsGetter: fakeclientset.NewClientset().CoreV1()},
		config: &action.Configuration{KubeClient: &kubefake.PrintingKubeClient{Out: io.Discard}, Log: func(string, ...any) {}},
	}
	sessions := newSessions(clocktesting.NewFakeClock(releasetest.Began), inner, inner.objects, &slots{})
	sessions.Retention = volumes{inner}
	made := &Session{ActionInterface: inner, ctx: t.Context(), cluster: releasetest.Cluster(), sessions: sessions}
	inner.config.Releases = helmstorage.Init(storage.New(inner.secrets, testKey, releasetest.Cluster(), &made.facts.Records))
	require.NoError(t, inner.config.Releases.Create(&release.Release{
		Name: "vectors", Version: 3, Labels: maps.Clone(marks), Manifest: "manifest",
		Chart: &chart.Chart{Metadata: &chart.Metadata{Name: chartName}},
		Info:  &release.Info{Status: status, LastDeployed: helmtime.Time{Time: releasetest.Began}},
	}))
	return made, inner
}

// isDeleted marks the BarqCluster of a session as being deleted.
func isDeleted(s *Session) {
	s.cluster.SetDeletionTimestamp(&metav1.Time{Time: releasetest.Began})
}

// oneRecord returns the storage of a release with one record, which it has changed.
func oneRecord(t *testing.T, change func(*corev1.Secret)) (*fakeclientset.Clientset, *helmstorage.Storage) {
	t.Helper()
	server := fakeclientset.NewClientset()
	require.NoError(t, helmstorage.Init(storage.New(server.CoreV1(), testKey, releasetest.Cluster(), &storage.Facts{})).Create(&release.Release{
		Name: "vectors", Namespace: "team", Version: 1, Manifest: "manifest", Labels: releasetest.Ours,
		Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}}, Info: &release.Info{Status: release.StatusDeployed},
	}))
	secrets := server.CoreV1().Secrets("team")
	stored, err := secrets.Get(t.Context(), "sh.helm.release.v1.vectors.v1", metav1.GetOptions{})
	require.NoError(t, err)
	change(stored)
	stored, err = secrets.Update(t.Context(), stored, metav1.UpdateOptions{})
	require.NoError(t, err)
	facts := &storage.Facts{Stored: records.Versions{stored.Name: "1"}}
	return server, helmstorage.Init(storage.New(server.CoreV1(), testKey, releasetest.Cluster(), facts))
}

// newSessions returns sessions without facts about the API server.
func newSessions(now clock.Clock, helm helmclient.ActionInterface, there Objects, rollouts Rollouts) *Sessions {
	return New(Options{
		Helm: opens{helm}, Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}},
		Owned:   &owned.Objects{Cache: fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).Build()},
		Objects: there, Capabilities: &capabilities.Cache{Clock: now}, StatefulSets: &clusters.Versions{},
		Rollouts: rollouts, Reasons: &releasestatus.Reasons{},
	}, now)
}

// newSecretMetadata returns what a cache of the metadata of Secrets would contain.
func newSecretMetadata(stored ...client.Object) client.Client {
	return fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(stored...).
		WithIndex(&corev1.Secret{}, records.Index, records.ReleaseOf).Build()
}

func TestGetRefusesAReleaseThatIsNotOurs(t *testing.T) {
	for name, test := range map[string]struct {
		chart  string
		labels map[string]string
		want   string
	}{
		"another chart": {
			chart: "nginx", labels: releasetest.Ours,
			want: `a Helm release named "vectors" of chart "nginx" exists in this namespace and is not touched; give the BarqCluster another name, or uninstall that release`,
		},
		"installed by hand": {
			chart: "barq-db",
			want:  `the Helm release "vectors" was installed by hand, and the operator does not take it over. Annotate the BarqCluster with barq.db/adopt-release=vectors to have it taken over, give the BarqCluster another name, or uninstall that release`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			actions, inner := newSession(t, test.chart, test.labels, release.StatusDeployed)
			_, err := actions.Get("vectors")
			require.EqualError(t, err, test.want)

			_, err = actions.Uninstall("vectors")
			require.ErrorIs(t, err, driver.ErrReleaseNotFound, "the BarqCluster can go")
			require.False(t, inner.objects.deleted, "the release stays")
		})
	}
}

func TestOurReleaseIsUninstalled(t *testing.T) {
	actions, inner := newSession(t, "barq-db", releasetest.Ours, release.StatusDeployed)
	_, err := actions.Uninstall("vectors")
	require.NoError(t, err)
	require.True(t, inner.objects.deleted)
	require.Equal(t, []string{"keep, uninstalled false", "delete, uninstalled true"}, inner.settled)
}

func TestADeletionWaitsUntilTheVolumesAreSettled(t *testing.T) {
	for step, uninstalled := range map[string]bool{"keep": false, "delete": true} {
		actions, inner := newSession(t, "barq-db", releasetest.Ours, release.StatusDeployed)
		inner.failing = step
		_, err := actions.Uninstall("vectors")
		require.EqualError(t, err, "refused")
		require.Equal(t, uninstalled, inner.objects.deleted)
		inner.failing = ""
		_, err = actions.Uninstall("vectors")
		require.True(t, err == nil || errors.Is(err, driver.ErrReleaseNotFound), err)
		require.Equal(t, "delete, uninstalled true", inner.settled[len(inner.settled)-1], "the next reconcile goes on")
	}
}

// What an interrupted install has created is deleted with the BarqCluster. So are its volumes if the spec says so.
func TestVolumesWithoutARecordAreSettled(t *testing.T) {
	actions, inner := newSession(t, "barq-db", releasetest.Ours, release.StatusDeployed)
	_, err := inner.config.Releases.Delete("vectors", 3)
	require.NoError(t, err)
	_, err = actions.Uninstall("vectors")
	require.ErrorIs(t, err, driver.ErrReleaseNotFound)
	require.Equal(t, []string{"keep, uninstalled false", "delete, uninstalled false"}, inner.settled)
}

// A record that nothing can read, without the operator's mark, may be an administrator's. It may also be from a tenant
// who wants to block the deletion of the BarqCluster. The record stays, and the BarqCluster is deleted, with or without
// its objects.
func TestADamagedRecordOfAnotherKeepsNoBarqCluster(t *testing.T) {
	server, releases := oneRecord(t, func(stored *corev1.Secret) {
		stored.Data, stored.Labels[labels.ManagedBy] = map[string][]byte{"release": []byte("record")}, "a person"
	})
	actions, inner := newSession(t, "barq-db", releasetest.Ours, release.StatusDeployed)
	inner.config.Releases = releases
	isDeleted(actions)
	_, err := actions.Uninstall("vectors")
	require.ErrorIs(t, err, driver.ErrReleaseNotFound)
	require.False(t, inner.objects.deleted)
	left, err := server.CoreV1().Secrets("team").Get(t.Context(), "sh.helm.release.v1.vectors.v1", metav1.GetOptions{})
	require.NoError(t, err)
	require.NotEmpty(t, left.Data)

	actions.cluster.SetAnnotations(map[string]string{"barq.db/on-deletion": "keep-release"})
	for _, refused := range []error{errors.New("the API server is away"), nil} {
		inner.objects.released, inner.objects.refused = 0, refused
		_, err = actions.Uninstall("vectors")
		require.ErrorIs(t, err, cmp.Or(refused, driver.ErrReleaseNotFound))
		require.Equal(t, 1, inner.objects.released)
	}
}

// The records are deleted last: while they exist, the next reconcile begins anew.
func TestAnUninstallThatFailsKeepsTheRecords(t *testing.T) {
	actions, inner := newSession(t, "barq-db", releasetest.Ours, release.StatusDeployed)
	refused := errors.New("the API server is away")
	inner.objects.refused = refused
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
			actions, inner := newSession(t, "barq-db", releasetest.Ours, status)
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

// A deletion goes on where it was interrupted, so the revision needs no mark.
func TestUninstallingIsLeftAloneWhileDeleting(t *testing.T) {
	actions, _ := newSession(t, "barq-db", releasetest.Ours, release.StatusUninstalling)
	isDeleted(actions)
	found, err := actions.Get("vectors")
	require.NoError(t, err)
	require.Equal(t, release.StatusUninstalling, found.Info.Status)
}

func TestGetPassesFinishedReleasesOn(t *testing.T) {
	for _, status := range []release.Status{release.StatusDeployed, release.StatusFailed, release.StatusSuperseded} {
		actions, _ := newSession(t, "barq-db", releasetest.Ours, status)
		found, err := actions.Get("vectors")
		require.NoError(t, err)
		require.Equal(t, status, found.Info.Status)
	}
}

// Helm only logs that it could not store that a revision was superseded.
func TestARevisionThatIsOverIsCalledSo(t *testing.T) {
	actions, inner := newSession(t, "barq-db", releasetest.Ours, release.StatusDeployed)
	next := &release.Release{
		Name: "vectors", Version: 4, Labels: maps.Clone(releasetest.Ours),
		Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}},
		Info:  &release.Info{Status: release.StatusDeployed, LastDeployed: helmtime.Time{Time: releasetest.Began}},
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

// failingSecrets are Secrets whose update returns err; nil updates them.
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

// A reconcile asks for the release more than once, and the library ignores the first error. A state that could not be
// stored is tried again each time.
func TestAStateThatCouldNotBeStoredIsNotBelieved(t *testing.T) {
	for name, test := range map[string]struct{ third, fourth, want release.Status }{
		"superseded":  {release.StatusDeployed, release.StatusDeployed, release.StatusSuperseded},
		"interrupted": {release.StatusSuperseded, release.StatusPendingUpgrade, release.StatusSuperseded},
	} {
		t.Run(name, func(t *testing.T) {
			actions, inner := newSession(t, "barq-db", releasetest.Ours, test.third)
			next := &release.Release{
				Name: "vectors", Version: 4, Labels: maps.Clone(releasetest.Ours),
				Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}},
				Info:  &release.Info{Status: test.fourth, LastDeployed: helmtime.Time{Time: releasetest.Began}},
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
