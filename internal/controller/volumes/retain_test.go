package volumes

import (
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// scaled is a BarqCluster of three pods that lost the last one, with volumes that go with their pods.
func scaled() observation {
	o := observed()
	o.cluster.Spec.Storage.Size = ptr.To(resource.MustParse("10Gi"))
	o.cluster.Spec.Storage.Retention.WhenScaled = v1alpha1.RetentionDelete
	for _, v := range o.volumes {
		v.claim.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("10Gi")
		v.claim.Annotations = map[string]string{scaledAnnotation: scaledDelete}
	}
	o.cluster.Spec.Replicas, o.statefulSet.Spec.Replicas = ptr.To[int32](2), ptr.To[int32](2)
	delete(o.pods, "vectors-2")
	return o
}

func TestScaledAway(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*observation)
		want   []string
	}{
		"gone":       {func(*observation) {}, []string{"data-vectors-2"}},
		"retained":   {func(o *observation) { o.cluster.Spec.Storage.Retention.WhenScaled = v1alpha1.RetentionRetain }, nil},
		"not marked": {func(o *observation) { o.claim(2).Annotations = nil }, nil},
		"hibernated": {func(o *observation) {
			o.cluster.Spec.Replicas, o.statefulSet.Spec.Replicas = ptr.To[int32](0), ptr.To[int32](0)
		}, nil},
		"the pod is there":       {func(o *observation) { o.pods["vectors-2"] = &corev1.Pod{} }, nil},
		"more are asked for":     {func(o *observation) { o.cluster.Spec.Replicas = ptr.To[int32](3) }, nil},
		"not applied yet":        {func(o *observation) { o.statefulSet.Spec.Replicas = ptr.To[int32](3) }, nil},
		"not seen yet":           {func(o *observation) { o.statefulSet.Generation++ }, nil},
		"paused":                 {func(o *observation) { o.cluster.Spec.Paused = true }, nil},
		"being deleted":          {func(o *observation) { o.cluster.DeletionTimestamp = &metav1.Time{Time: now} }, nil},
		"deleted by hand":        {func(o *observation) { o.claim(2).DeletionTimestamp = &metav1.Time{Time: now} }, nil},
		"without a StatefulSet":  {func(o *observation) { o.statefulSet = nil }, nil},
		"scaled by hand to less": {func(o *observation) { o.statefulSet.Spec.Replicas = ptr.To[int32](0); o.pods = nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := scaled()
			test.change(&o)
			var found []string
			for _, v := range o.scaledAway() {
				found = append(found, v.claim.Name)
			}
			require.Equal(t, test.want, found)
		})
	}
}

func TestVolumesOfPodsThatWereScaledAwayAreDeleted(t *testing.T) {
	w := worldOf(t, scaled())
	writes, _ := w.pass(t)
	require.Equal(t, []string{"apply status", "delete data-vectors-2"}, writes)
	require.Contains(t, w.heard(), "Normal VolumeDeleted claim data-vectors-2 is deleted with its volume, "+
		"because replicas is 2 and spec.storage.retention.whenScaled is Delete")
	w.pass(t)
	writes, _ = w.pass(t)
	require.Empty(t, writes)
}

// The cache may be behind an edit that asks for the pod again.
func TestScaledAwayIsLookedAtOnceMore(t *testing.T) {
	w, ahead := worldOf(t, scaled()), scaled()
	ahead.cluster.Spec.Replicas = ptr.To[int32](3)
	w.Live = worldOf(t, ahead).store
	writes, _ := w.pass(t)
	require.Equal(t, []string{"apply status"}, writes)
}

func TestRetained(t *testing.T) {
	tied := []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "vectors", UID: "uid of the set"}}
	for name, test := range map[string]struct {
		change func(*observation)
		writes []string
	}{
		"as it is to be":                     {func(*observation) {}, nil},
		"of a pod that is new":               {func(o *observation) { o.claim(0).Annotations = nil }, []string{"patch data-vectors-0"}},
		"of a pod that was gone before that": {func(o *observation) { o.claim(2).Annotations = nil }, nil},
		"of a pod that is about to go": {func(o *observation) {
			o.claim(2).Annotations, o.pods["vectors-2"] = nil, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "vectors-2"}}
		}, []string{"patch data-vectors-2"}},
		"kept from now on": {func(o *observation) {
			o.cluster.Spec.Storage.Retention.WhenScaled = v1alpha1.RetentionRetain
		}, []string{"patch data-vectors-0", "patch data-vectors-1", "patch data-vectors-2"}},
		"hibernated": {func(o *observation) {
			o.cluster.Spec.Replicas = ptr.To[int32](0)
		}, []string{"patch data-vectors-0", "patch data-vectors-1", "patch data-vectors-2"}},
		"paused": {func(o *observation) { o.cluster.Spec.Paused, o.claim(0).Annotations = true, nil }, nil},
		"tied to the StatefulSet by a former operator": {func(o *observation) { o.claim(1).OwnerReferences = tied }, []string{"patch data-vectors-1"}},
		"tied, and the controller would do it again": {func(o *observation) {
			o.claim(1).OwnerReferences, o.statefulSet.Generation = tied, o.statefulSet.Generation+1
		}, nil},
		"tied by the policy that is in effect": {func(o *observation) {
			o.claim(1).OwnerReferences = tied
			o.statefulSet.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenDeleted: "Delete"}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := scaled()
			test.change(&o)
			w := worldOf(t, o)
			loaded, err := w.observe(t.Context(), w.store, func(*v1alpha1.BarqCluster) []client.ListOption { return nil }, client.ObjectKeyFromObject(o.cluster))
			require.NoError(t, err)
			require.NoError(t, w.retain(t.Context(), &loaded))
			require.Equal(t, test.writes, w.writes)
			w.writes = nil
			require.NoError(t, w.retain(t.Context(), &loaded))
			require.Empty(t, w.writes, "once")
		})
	}
}
