package volumes

import (
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/pvcs/pvcstest"
)

func TestVolumesOfPodsThatWereScaledAwayAreDeleted(t *testing.T) {
	w := worldOf(t, pvcstest.Scaled())
	writes, _ := w.pass(t)
	require.Equal(t, []string{"apply status", "delete data-vectors-2"}, writes)
	require.Contains(t, w.heard(), "Normal VolumeDeleted PVC data-vectors-2 is deleted with its volume, "+
		"because replicas is 2 and spec.storage.retention.whenScaled is Delete")
	w.pass(t)
	writes, _ = w.pass(t)
	require.Empty(t, writes)
}

// The cache may be older than an edit that asks for the pod again.
func TestScaledAwayIsLookedAtOnceMore(t *testing.T) {
	w, ahead := worldOf(t, pvcstest.Scaled()), pvcstest.Scaled()
	ahead.Cluster.Spec.Replicas = ptr.To[int32](3)
	w.Live = worldOf(t, ahead).store
	writes, _ := w.pass(t)
	require.Equal(t, []string{"apply status"}, writes)
}

func TestRetained(t *testing.T) {
	tied := []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "vectors", UID: "uid of the set"}}
	for name, test := range map[string]struct {
		change func(*pvcs.Observation)
		writes []string
	}{
		"as it is to be":                     {func(*pvcs.Observation) {}, nil},
		"of a pod that is new":               {func(o *pvcs.Observation) { o.PVCs[0].Annotations = nil }, []string{"patch data-vectors-0"}},
		"of a pod that was gone before that": {func(o *pvcs.Observation) { o.PVCs[2].Annotations = nil }, nil},
		"of a pod that is about to go": {func(o *pvcs.Observation) {
			o.PVCs[2].Annotations, o.Pods["vectors-2"] = nil, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "vectors-2"}}
		}, []string{"patch data-vectors-2"}},
		"kept from now on": {func(o *pvcs.Observation) {
			o.Cluster.Spec.Storage.Retention.WhenScaled = v1alpha1.RetentionRetain
		}, []string{"patch data-vectors-0", "patch data-vectors-1", "patch data-vectors-2"}},
		"hibernated": {func(o *pvcs.Observation) {
			o.Cluster.Spec.Replicas = ptr.To[int32](0)
		}, []string{"patch data-vectors-0", "patch data-vectors-1", "patch data-vectors-2"}},
		"paused": {func(o *pvcs.Observation) { o.Cluster.Spec.Paused, o.PVCs[0].Annotations = true, nil }, nil},
		"tied to the StatefulSet by a former operator": {func(o *pvcs.Observation) { o.PVCs[1].OwnerReferences = tied }, []string{"patch data-vectors-1"}},
		"tied, and the controller would do it again": {func(o *pvcs.Observation) {
			o.PVCs[1].OwnerReferences, o.StatefulSet.Generation = tied, o.StatefulSet.Generation+1
		}, nil},
		"tied by the policy that is in effect": {func(o *pvcs.Observation) {
			o.PVCs[1].OwnerReferences = tied
			o.StatefulSet.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenDeleted: "Delete"}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := pvcstest.Scaled()
			test.change(&o)
			w := worldOf(t, o)
			loaded, err := pvcs.Observe(t.Context(), w.store, func(*v1alpha1.BarqCluster) []client.ListOption { return nil }, client.ObjectKeyFromObject(o.Cluster))
			require.NoError(t, err)
			require.NoError(t, w.retain(t.Context(), &loaded))
			require.Equal(t, test.writes, w.writes)
			w.writes = nil
			require.NoError(t, w.retain(t.Context(), &loaded))
			require.Empty(t, w.writes, "once")
		})
	}
}
