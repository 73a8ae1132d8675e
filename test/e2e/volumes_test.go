package e2e

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// onOwnNode skips a test that needs a storage class which only package node has.
func onOwnNode(t *testing.T) {
	t.Helper()
	if os.Getenv(ownNode) == "" {
		t.Skip("needs the storage classes of the node that `make e2e` brings up; this is another cluster")
	}
}

func grow(t *testing.T, cluster *v1alpha1.BarqCluster, size string) {
	t.Helper()
	suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Storage.Size = ptr.To(resource.MustParse(size)) })
}

// requireVolumes checks what the named claims, and no others, have.
func requireVolumes(t *testing.T, cluster *v1alpha1.BarqCluster, size string, names ...string) {
	t.Helper()
	have := map[string]string{}
	for name, pvc := range suite.PVCs(t, cluster) {
		have[name] = pvc.Status.Capacity.Storage().String()
	}
	want := map[string]string{}
	for _, name := range names {
		want[name] = size
	}
	require.Equal(t, want, have)
}

// A class that grows mounted volumes needs no restart, and pods that come later get
// the new size.
func TestVolumesGrowWhileTheDatabaseRuns(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 2, storage: {size: 64Mi}}`)
	suite.WaitReady(t, cluster)
	fill(t, namespace, "db-0", 10)
	before := suite.Identities(t, cluster)

	grow(t, cluster, "96Mi")
	suite.WaitFor(t, cluster, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	suite.WaitReady(t, cluster)
	requireVolumes(t, cluster, "96Mi", "data-db-0", "data-db-1")
	require.Equal(t, before, suite.Identities(t, cluster))
	require.Equal(t, 10, found(t, namespace, "db-0", 10))

	suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](3) })
	suite.WaitReady(t, cluster)
	suite.WaitFor(t, cluster, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	requireVolumes(t, cluster, "96Mi", "data-db-0", "data-db-1", "data-db-2")
}

// A class that grows only volumes which are not mounted needs each pod restarted,
// and only those.
func TestVolumesThatNeedARestart(t *testing.T) {
	onOwnNode(t)
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 2, storage: {size: 64Mi, storageClassName: expandable-offline}}`)
	suite.WaitReady(t, cluster)
	fill(t, namespace, "db-0", 10)
	before := suite.Identities(t, cluster)

	grow(t, cluster, "96Mi")
	suite.WaitFor(t, cluster, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	suite.WaitReady(t, cluster)
	requireVolumes(t, cluster, "96Mi", "data-db-0", "data-db-1")
	for name, uid := range suite.Identities(t, cluster) {
		require.NotEqual(t, before[name], uid, "pod %s was not restarted", name)
	}
	require.Equal(t, 10, found(t, namespace, "db-0", 10))
}

// A class that cannot grow gives a condition, disturbs nothing, and lets the growth
// be taken back.
func TestVolumesThatCannotGrow(t *testing.T) {
	onOwnNode(t)
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{storage: {size: 64Mi, storageClassName: fixed}}`)
	suite.WaitReady(t, cluster)
	before := suite.Identities(t, cluster)

	grow(t, cluster, "96Mi")
	refused := suite.WaitFor(t, cluster, v1alpha1.ConditionVolumesResized, metav1.ConditionFalse, v1alpha1.ReasonResizeRefused)
	t.Log(refused.Message)
	require.Contains(t, refused.Message, "data-db-0")

	grow(t, cluster, "64Mi")
	suite.WaitReady(t, cluster)
	suite.WaitFor(t, cluster, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	require.Equal(t, before, suite.Identities(t, cluster))
}

// A growth at which the storage fails can be taken back too.
func TestAGrowthThatFailsIsTakenBack(t *testing.T) {
	onOwnNode(t)
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{storage: {size: 64Mi, storageClassName: expandable-broken}}`)
	suite.WaitReady(t, cluster)
	before := suite.Identities(t, cluster)

	grow(t, cluster, "10Gi")
	suite.WaitFor(t, cluster, v1alpha1.ConditionVolumesResized, metav1.ConditionFalse, v1alpha1.ReasonResizeFailed)
	grow(t, cluster, "64Mi")
	suite.WaitReady(t, cluster)
	require.Equal(t, before, suite.Identities(t, cluster))
	requireVolumes(t, cluster, "64Mi", "data-db-0")
}
