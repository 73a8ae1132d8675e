package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Only the deletion of the BarqCluster deletes data, though spec.storage.retention says Delete for both.
func TestTheDeletionOfAStatefulSetDeletesNoData(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `
replicas: 2
storage: {size: 64Mi, retention: {whenDeleted: Delete, whenScaled: Delete}}
`)
	suite.WaitReady(t, cluster)
	fill(t, namespace, "db-0", 20)
	pvcs, pods := suite.PVCs(t, cluster), suite.Identities(t, cluster)

	require.NoError(t, suite.Client.Delete(t.Context(), suite.StatefulSet(t, cluster), client.PropagationPolicy(metav1.DeletePropagationForeground)))
	suite.Eventually(t, func() string {
		if now := suite.Identities(t, cluster); len(now) != 2 || now["db-0"] == pods["db-0"] || now["db-1"] == pods["db-1"] {
			return "the pods are the former ones"
		}
		return ""
	})
	suite.WaitReady(t, cluster)
	for name, pvc := range suite.PVCs(t, cluster) {
		require.Equal(t, pvcs[name].UID, pvc.UID, name)
	}
	require.Equal(t, 20, found(t, namespace, "db-0", 20))

	volume := &corev1.PersistentVolume{}
	volume.Name = pvcs["data-db-0"].Spec.VolumeName
	suite.Refresh(t, volume)
	require.NoError(t, suite.Client.Delete(t.Context(), cluster))
	suite.WaitGone(t, cluster)
	suite.WaitGone(t, volume)
	suite.Eventually(t, func() string {
		if left := suite.PVCs(t, cluster); len(left) > 0 {
			return fmt.Sprintf("%d PVCs are left", len(left))
		}
		return ""
	})
}

// What a deletion does to volumes is what the spec says then, also of volumes whose pods are absent and of a spec that was never applied.
func TestRetentionIsThatOfTheSpecThatIsDeleted(t *testing.T) {
	for _, test := range []struct {
		first, last v1alpha1.RetentionPolicy
		kept        bool
	}{
		{v1alpha1.RetentionDelete, v1alpha1.RetentionRetain, true},
		{v1alpha1.RetentionRetain, v1alpha1.RetentionDelete, false},
	} {
		t.Run(string(test.last), func(t *testing.T) {
			namespace := newNamespace(t)
			spec := fmt.Sprintf(`{replicas: 2, storage: {size: 64Mi, retention: {whenDeleted: %s}}}`, test.first)
			cluster := newCluster(t, namespace, "db", spec)
			suite.WaitReady(t, cluster)
			fill(t, namespace, "db-0", 20)
			suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](0) })
			suite.WaitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)
			suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = true })
			suite.WaitFor(t, cluster, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonPaused)
			suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Storage.Retention.WhenDeleted = test.last })
			pvcs := suite.PVCs(t, cluster)
			require.Len(t, pvcs, 2)

			require.NoError(t, suite.Client.Delete(t.Context(), cluster.DeepCopy()))
			suite.WaitGone(t, cluster.DeepCopy())
			for _, pvc := range pvcs {
				if !test.kept {
					suite.WaitGone(t, &pvc)
					continue
				}
				suite.Refresh(t, &pvc)
				require.Nil(t, pvc.DeletionTimestamp)
				require.Empty(t, pvc.OwnerReferences)
			}
			if test.kept {
				again := newCluster(t, namespace, "db", `{replicas: 2, storage: {size: 64Mi}}`)
				suite.WaitReady(t, again)
				require.Equal(t, 20, found(t, namespace, "db-0", 20))
			}
		})
	}
}

// A PVC that was kept, and was never bound, is named with the class that it has and what to do about it.
func TestAKeptPVCOfAnotherClass(t *testing.T) {
	onOwnNode(t)
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{storage: {size: 64Mi, storageClassName: no-such-class}}`)
	suite.WaitFor(t, cluster, v1alpha1.ConditionVolumesResized, metav1.ConditionUnknown, v1alpha1.ReasonNoVolumes)
	require.NoError(t, suite.Client.Delete(t.Context(), cluster.DeepCopy()))
	suite.WaitGone(t, cluster.DeepCopy())

	again := newCluster(t, namespace, "db", `{storage: {size: 64Mi, storageClassName: expandable-offline}}`)
	said := suite.WaitFor(t, again, v1alpha1.ConditionVolumesResized, metav1.ConditionUnknown, v1alpha1.ReasonVolumesDiffer)
	require.Contains(t, said.Message, "PVC data-db-0 has class no-such-class, and the spec says expandable-offline; "+
		"it was never bound: kubectl -n "+namespace+" delete pvc data-db-0 lets Kubernetes create another one")
	pvc := suite.PVCs(t, again)["data-db-0"]
	require.NoError(t, suite.Client.Delete(t.Context(), &pvc))
	suite.WaitReady(t, again)
	suite.WaitFor(t, again, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	requireVolumes(t, again, "64Mi", "data-db-0")
}

// A PVC that is deleted by mistake goes with its data when its pod stops. Until then the pod answers, and the status says what to do.
func TestAPVCThatIsBeingDeleted(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{storage: {size: 64Mi}}`)
	suite.WaitReady(t, cluster)
	fill(t, namespace, "db-0", 20)
	before, pvc := suite.Identities(t, cluster), suite.PVCs(t, cluster)["data-db-0"]

	require.NoError(t, suite.Client.Delete(t.Context(), &pvc))
	said := suite.WaitFor(t, cluster, v1alpha1.ConditionVolumesResized, metav1.ConditionFalse, v1alpha1.ReasonDataAtRisk)
	require.Equal(t, "PVC data-db-0 is being deleted, and Kubernetes deletes its data when pod db-0 stops: copy the data first. "+
		"The operator restarts this pod only for a change of the spec", said.Message)
	suite.WaitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonDataAtRisk)
	require.Equal(t, before, suite.Identities(t, cluster))
	require.Equal(t, 20, found(t, namespace, "db-0", 20))

	pod := suite.Pods(t, cluster)[0]
	require.NoError(t, suite.Client.Delete(t.Context(), &pod))
	suite.WaitFor(t, cluster, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	suite.WaitReady(t, cluster)
	require.NotEqual(t, pvc.UID, suite.PVCs(t, cluster)["data-db-0"].UID)
}

// While nothing was ever bound, class and size can be corrected.
func TestTheFirstVolumesAreCorrected(t *testing.T) {
	namespace := newNamespace(t)
	class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: namespace}, Provisioner: "example.com/provides-nothing"}
	require.NoError(t, suite.Client.Create(t.Context(), class))
	t.Cleanup(func() { _ = suite.Client.Delete(context.Background(), class) })
	cluster := newCluster(t, namespace, "db", `{storage: {size: 1Gi, storageClassName: `+namespace+`}}`)
	suite.WaitFor(t, cluster, v1alpha1.ConditionVolumesResized, metav1.ConditionUnknown, v1alpha1.ReasonNoVolumes)

	suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		// Together: of the right class a volume is bound at once.
		spec.Storage.StorageClassName, spec.Storage.Size = nil, ptr.To(resource.MustParse("64Mi"))
	})
	suite.WaitReady(t, cluster)
	requireVolumes(t, cluster, "64Mi", "data-db-0")
}
