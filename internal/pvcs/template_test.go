package pvcs_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/pvcs/pvcstest"
)

func TestOutdatedTemplate(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*pvcs.Observation)
		replaces bool
	}{
		"another size and class": {func(*pvcs.Observation) {}, true},
		"the size alone":         {func(o *pvcs.Observation) { o.Cluster.Spec.Storage.StorageClassName = ptr.To("slow") }, true},
		"the default class": {func(o *pvcs.Observation) {
			o.Cluster.Spec.Storage.StorageClassName, o.Cluster.Spec.Storage.Size = nil, ptr.To(resource.MustParse("100Gi"))
		}, true},
		"no PVC": {func(o *pvcs.Observation) { o.PVCs = nil }, true},
		"the same": {func(o *pvcs.Observation) {
			o.Cluster.Spec.Storage.StorageClassName, o.Cluster.Spec.Storage.Size = ptr.To("slow"), ptr.To(resource.MustParse("100Gi"))
		}, false},
		"one is bound":             {func(o *pvcs.Observation) { o.PVCs[2].Status.Phase = corev1.ClaimBound }, false},
		"one is about to be bound": {func(o *pvcs.Observation) { o.PVCs[2].Spec.VolumeName = "pv-1" }, false},
		"one has lost its volume":  {func(o *pvcs.Observation) { o.PVCs[2].Status.Phase = corev1.ClaimLost }, false},
		"a pod has a node":         {func(o *pvcs.Observation) { o.PVCs, o.Pods["vectors-0"].Spec.NodeName = nil, "node-a" }, false},
		"paused":                   {func(o *pvcs.Observation) { o.Cluster.Spec.Paused = true }, false},
		"the spec is not applied":  {func(o *pvcs.Observation) { o.Cluster.Generation++ }, false},
		"the spec cannot be applied": {func(o *pvcs.Observation) {
			o.Cluster.Status.Conditions = append(o.Cluster.Status.Conditions,
				metav1.Condition{Type: v1alpha1.ConditionIrreconcilable, Status: metav1.ConditionTrue, ObservedGeneration: pvcstest.Generation})
		}, false},
		"it goes":       {func(o *pvcs.Observation) { o.StatefulSet.DeletionTimestamp = &metav1.Time{Time: pvcstest.Now} }, false},
		"there is none": {func(o *pvcs.Observation) { o.StatefulSet = nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := pvcstest.Unbound()
			test.change(&o)
			require.Equal(t, test.replaces, o.OutdatedTemplate() != nil)
		})
	}
}

func TestDifferences(t *testing.T) {
	const never = "; it was never bound: kubectl -n team delete pvc data-vectors-1 lets Kubernetes create another one"
	for name, test := range map[string]struct {
		change func(pvc pvcs.PVC)
		want   []string
	}{
		"none":  {func(pvcs.PVC) {}, nil},
		"class": {func(pvc pvcs.PVC) { pvc.Spec.StorageClassName = ptr.To("slow") }, []string{"PVC data-vectors-1 has class slow, and the spec says fast"}},
		"mode": {func(pvc pvcs.PVC) {
			pvc.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}
		}, []string{"PVC data-vectors-1 has access mode ReadWriteOncePod, and the spec says ReadWriteOnce"}},
		"a larger size": {func(pvc pvcs.PVC) {
			pvcstest.Ask(pvc, "30Gi")
			pvcstest.Give(pvc, "30Gi")
		}, []string{"PVC data-vectors-1 has size 30Gi, and the spec says 20Gi"}},
		"a growth that was taken back": {func(pvc pvcs.PVC) {
			pvcstest.Ask(pvc, "20481Mi")
			pvcstest.Give(pvc, "20481Mi")
		}, nil},
		"a growth that is about to be taken back": {func(pvc pvcs.PVC) {
			pvcstest.Ask(pvc, "30Gi")
		}, nil},
		"more than was asked for": {func(pvc pvcs.PVC) { pvcstest.Give(pvc, "21Gi") }, nil},
		"a smaller size grows": {func(pvc pvcs.PVC) {
			pvcstest.Ask(pvc, "10Gi")
		}, nil},
		"never bound": {func(pvc pvcs.PVC) {
			pvc.Spec.StorageClassName, pvc.Status.Phase = ptr.To("slow"), corev1.ClaimPending
			pvc.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}
		}, []string{
			"PVC data-vectors-1 has class slow, and the spec says fast",
			"PVC data-vectors-1 has access mode ReadWriteOncePod, and the spec says ReadWriteOnce" + never,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			o := pvcstest.Observed()
			o.Cluster.Spec.Storage.StorageClassName, o.Cluster.Spec.Storage.AccessMode = ptr.To("fast"), v1alpha1.AccessMode(corev1.ReadWriteOnce)
			for _, pvc := range o.PVCs {
				pvc.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
			}
			test.change(o.PVCs[1])
			require.Equal(t, test.want, o.Differences())
		})
	}
}
