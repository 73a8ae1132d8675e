package storage

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	helmstorage "helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	fakeclientset "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/records"
	"github.com/barq-db/barq-operator/internal/signing"
)

// testKey signs the records of these tests.
var testKey = signing.New([]byte("key"))

func testCluster() client.Object {
	cluster := clusters.Object()
	cluster.SetNamespace("team")
	cluster.SetName("vectors")
	cluster.SetUID("uid of vectors")
	return cluster
}

// storing is the storage of one reconcile of a BarqCluster. It notes the requests to the API server.
type storing struct {
	t       *testing.T
	server  *fakeclientset.Clientset
	facts   *Facts
	storage *helmstorage.Storage
}

func newStoring(t *testing.T) *storing {
	s := &storing{t: t, server: fakeclientset.NewClientset(), facts: &Facts{}}
	s.pass()
	return s
}

// pass begins another reconcile.
func (s *storing) pass() {
	s.t.Helper()
	s.facts.Stored = records.Versions{}
	secrets, err := s.server.CoreV1().Secrets("team").List(s.t.Context(), metav1.ListOptions{})
	require.NoError(s.t, err)
	for i := range secrets.Items {
		s.facts.Stored[secrets.Items[i].Name] = "1"
	}
	s.server.ClearActions()
	s.storage = helmstorage.Init(New(s.server.CoreV1(), testKey, testCluster(), s.facts))
}

// asked returns the requests since the last call.
func (s *storing) asked() []string {
	var verbs []string
	for _, action := range s.server.Actions() {
		verbs = append(verbs, action.GetVerb())
	}
	s.server.ClearActions()
	return verbs
}

func (s *storing) last() *release.Release {
	s.t.Helper()
	found, err := s.storage.Last("vectors")
	require.NoError(s.t, err)
	return found
}

func numbered(version int, status release.Status, origin string) *release.Release {
	return &release.Release{
		Name: "vectors", Namespace: "team", Version: version, Manifest: "manifest",
		Labels: map[string]string{labels.ManagedBy: labels.Operator, labels.Rollout: origin},
		Info:   &release.Info{Status: status},
		Chart: &chart.Chart{
			Metadata:  &chart.Metadata{Name: "barq-db"},
			Templates: []*chart.File{{Name: "templates/statefulset.yaml", Data: []byte("kind: StatefulSet")}},
			Values:    map[string]any{"replicas": float64(1)},
		},
	}
}

func TestWhatIsAskedForIsStoredOnce(t *testing.T) {
	s := newStoring(t)
	made := numbered(1, release.StatusPendingInstall, labels.Requested)
	require.NoError(t, s.storage.Create(made))
	require.Empty(t, s.asked(), "an operator that is killed now leaves nothing that is pending")
	made.SetStatus(release.StatusDeployed, "done")
	require.NoError(t, s.storage.Update(made))
	require.Equal(t, []string{"create"}, s.asked())
	require.Equal(t, release.StatusDeployed, s.last().Info.Status)
	require.Len(t, Of(s.storage).secrets.versions, 1)
}

func TestWhatNobodyAskedForIsStoredBefore(t *testing.T) {
	s := newStoring(t)
	made := numbered(1, release.StatusPendingUpgrade, labels.Unrequested)
	require.NoError(t, s.storage.Create(made))
	require.Equal(t, []string{"create"}, s.asked(), "its revision holds the slot")
	require.Equal(t, release.StatusPendingUpgrade, s.last().Info.Status)
	made.SetStatus(release.StatusDeployed, "done")
	require.NoError(t, s.storage.Update(made))
	require.Equal(t, release.StatusDeployed, s.last().Info.Status)
}

// If the revision were stored, the objects in its manifest would be deleted with it.
func TestARevisionThatMetAForeignObjectIsNotStored(t *testing.T) {
	s := newStoring(t)
	made := numbered(1, release.StatusPendingInstall, labels.Requested)
	require.NoError(t, s.storage.Create(made))
	s.facts.Conflicted = func() bool { return true }
	made.SetStatus(release.StatusFailed, "services already exists")
	require.NoError(t, s.storage.Update(made))
	_, err := s.storage.Last("vectors")
	require.ErrorIs(t, err, driver.ErrReleaseNotFound)
}

func TestARecordIsReadOnce(t *testing.T) {
	s := newStoring(t)
	require.NoError(t, s.storage.Create(numbered(1, release.StatusSuperseded, labels.Requested)))
	require.NoError(t, s.storage.Create(numbered(2, release.StatusDeployed, labels.Requested)))
	s.pass()
	require.Equal(t, 2, s.last().Version)
	require.Equal(t, 2, s.last().Version)
	History, err := s.storage.History("vectors")
	require.NoError(t, err)
	require.Len(t, History, 2)
	require.Equal(t, []string{"get"}, s.asked(), "the newest one alone is read, and once")

	require.NoError(t, s.storage.Create(numbered(3, release.StatusDeployed, labels.Requested)))
	require.Equal(t, 3, s.last().Version, "a new revision is seen")
	require.NoError(t, s.storage.Update(numbered(3, release.StatusFailed, labels.Requested)))
	require.Equal(t, release.StatusFailed, s.last().Info.Status, "a changed revision is seen")
	s.asked()

	_, err = s.storage.Delete("vectors", 3)
	require.NoError(t, err)
	require.Equal(t, []string{"delete"}, s.asked(), "it was read before")
	require.Equal(t, 2, s.last().Version, "a deleted revision is gone")
	versions := Of(s.storage).secrets.versions
	require.Empty(t, versions["sh.helm.release.v1.vectors.v3"])
}

func TestNothingIsAskedForWhereNothingIsStored(t *testing.T) {
	s := newStoring(t)
	_, err := s.storage.Last("vectors")
	require.ErrorIs(t, err, driver.ErrReleaseNotFound)
	require.Empty(t, s.asked())
	require.NoError(t, s.storage.Create(numbered(1, release.StatusDeployed, labels.Requested)))
	require.Equal(t, 1, s.last().Version)
}

func TestAnUninstallIsNotStored(t *testing.T) {
	s := newStoring(t)
	require.NoError(t, s.storage.Create(numbered(1, release.StatusDeployed, labels.Requested)))
	s.asked()
	require.NoError(t, s.storage.Update(numbered(1, release.StatusUninstalling, labels.Requested)))
	require.Empty(t, s.asked())
}

func TestTheTemplatesAreNotStored(t *testing.T) {
	s := newStoring(t)
	made := numbered(1, release.StatusDeployed, labels.Requested)
	require.NoError(t, s.storage.Create(made))
	s.pass()
	stored := s.last().Chart
	require.Empty(t, stored.Templates)
	require.Equal(t, made.Chart.Metadata, stored.Metadata)
	require.Equal(t, made.Chart.Values, stored.Values, "helm get values --all and helm upgrade --reuse-values need them")
	require.NotEmpty(t, made.Chart.Templates, "the chart itself stays whole")
}

func TestAFailedWriteIsKnown(t *testing.T) {
	s := newStoring(t)
	refused := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "one", errors.New("quota"))
	s.server.PrependReactor("create", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, refused })
	require.Error(t, s.storage.Create(numbered(1, release.StatusDeployed, labels.Requested)))
	require.ErrorIs(t, Of(s.storage).failed, refused)
	_, err := s.server.CoreV1().Secrets("team").Get(t.Context(), "sh.helm.release.v1.vectors.v1", metav1.GetOptions{})
	require.True(t, apierrors.IsNotFound(err))
}

func TestARevisionThatIsThereIsNotReplaced(t *testing.T) {
	s := newStoring(t)
	require.NoError(t, s.storage.Create(numbered(1, release.StatusDeployed, labels.Requested)))
	require.ErrorIs(t, s.storage.Create(numbered(1, release.StatusDeployed, labels.Requested)), driver.ErrReleaseExists)

	refusal := errors.New("no")
	s.server.PrependReactor("update", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, refusal })
	require.ErrorIs(t, s.storage.Update(numbered(1, release.StatusFailed, labels.Requested)), refusal)
}
