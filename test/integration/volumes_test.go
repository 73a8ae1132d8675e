package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/cluster"
)

func resize(t *testing.T, db *v1alpha1.BarqCluster, size string) error {
	t.Helper()
	patch := fmt.Sprintf(`{"spec":{"storage":{"size":%q}}}`, size)
	return admin.Patch(t.Context(), db.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(patch)))
}

func requireVolumes(t *testing.T, db *v1alpha1.BarqCluster, size string, names ...string) {
	t.Helper()
	found := claims(t, db)
	require.Len(t, found, len(names))
	for _, name := range names {
		claim := found[name]
		request := claim.Spec.Resources.Requests[corev1.ResourceStorage]
		capacity := claim.Status.Capacity[corev1.ResourceStorage]
		require.Equal(t, []string{size, size}, []string{request.String(), capacity.String()}, name)
	}
}

func TestVolumesGrow(t *testing.T) {
	namespace := newNamespace(t)
	db := newCluster(t, namespace, "db", `replicas: 2`)
	waitReady(t, db)
	requireVolumes(t, db, "10Gi", "data-db-0", "data-db-1")
	before := identities(t, db)

	require.NoError(t, resize(t, db, "20Gi"))
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	waitReady(t, db)
	requireVolumes(t, db, "20Gi", "data-db-0", "data-db-1")
	require.Equal(t, "20Gi", db.Status.Storage.Capacity.String())
	require.Equal(t, before, identities(t, db), "growing restarts nothing")
	template := statefulSet(t, db).Spec.VolumeClaimTemplates[0].Spec.Resources.Requests[corev1.ResourceStorage]
	require.Equal(t, "10Gi", template.String(), "the template cannot change and is left alone")

	// A new pod's volume is made from the template, and grows at once.
	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](3) })
	waitReady(t, db)
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	requireVolumes(t, db, "20Gi", "data-db-0", "data-db-1", "data-db-2")
}

// A class that cannot expand: the database goes on, the status and an event say
// so, and the growth can be taken back down to what the volumes have.
func TestAGrowthThatIsRefusedCanBeTakenBack(t *testing.T) {
	namespace := newNamespace(t)
	fixed := &storagev1.StorageClass{}
	require.NoError(t, admin.Get(t.Context(), client.ObjectKey{Name: cluster.StorageClass}, fixed))
	fixed.ObjectMeta = metav1.ObjectMeta{Name: namespace}
	fixed.AllowVolumeExpansion = ptr.To(false)
	require.NoError(t, admin.Create(t.Context(), fixed))
	t.Cleanup(func() { _ = admin.Delete(context.Background(), fixed) })

	db := newCluster(t, namespace, "db", `storage: {size: 10Gi, storageClassName: `+namespace+`}`)
	waitReady(t, db)
	before := identities(t, db)

	require.NoError(t, resize(t, db, "20Gi"))
	condition := waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionFalse, v1alpha1.ReasonResizing)
	require.Equal(t, "volumes grow to 20Gi: data-db-0 has 10Gi", condition.Message)
	waitFor(t, db, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonResizing)
	require.Equal(t, v1alpha1.PhaseProgressing, db.Status.Phase)
	eventually(t, func() string {
		got := events(t, db)
		if slices.ContainsFunc(got, func(event string) bool {
			return strings.HasPrefix(event, "Warning ResizeRefused: claim data-db-0 cannot be resized to 20Gi: ")
		}) {
			return ""
		}
		return fmt.Sprintf("events: %q", got)
	})

	require.Equal(t, []string{
		`<nil>: Invalid value: spec.storage.size: the volumes have 10Gi and cannot shrink; write 10Gi or more`,
	}, causes(t, resize(t, db, "9Gi")))
	require.NoError(t, resize(t, db, "10Gi"))
	waitReady(t, db)
	requireVolumes(t, db, "10Gi", "data-db-0")
	require.Equal(t, before, identities(t, db))
}

// Scratch space has no volume that could be too small.
func TestEphemeralStorage(t *testing.T) {
	namespace := newNamespace(t)
	db := newCluster(t, namespace, "db", `{storage: {size: 2Gi}, tiering: {hotPath: ephemeral-storage}}`)
	waitReady(t, db)
	require.Empty(t, claims(t, db))
	require.Empty(t, statefulSet(t, db).Spec.VolumeClaimTemplates)
	require.Equal(t, []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
		EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: ptr.To(resource.MustParse("2Gi"))},
	}}}, statefulSet(t, db).Spec.Template.Spec.Volumes)
	waitFor(t, db, v1alpha1.ConditionVolumesResized, metav1.ConditionUnknown, v1alpha1.ReasonNoVolumes)

	require.NoError(t, resize(t, db, "1Gi"))
	waitReady(t, db)
	require.Equal(t, "1Gi", statefulSet(t, db).Spec.Template.Spec.Volumes[0].EmptyDir.SizeLimit.String())
}
