package volumes

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// unbound is a BarqCluster whose StatefulSet was made with 100Gi of class slow, of which there is none, and whose spec was corrected.
func unbound() observation {
	o := observed()
	o.cluster.Spec.Storage.Size, o.cluster.Spec.Storage.StorageClassName = ptr.To(resource.MustParse("10Gi")), ptr.To("fast")
	o.cluster.Spec.Storage.AccessMode = v1alpha1.AccessMode(corev1.ReadWriteOnce)
	o.cluster.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionIrreconcilable, Status: metav1.ConditionFalse, ObservedGeneration: generation,
	}}
	template := corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data"}}
	template.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	template.Spec.StorageClassName = ptr.To("slow")
	template.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("100Gi")}
	o.statefulSet.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{template}
	for _, v := range o.volumes {
		v.claim.Spec = *template.Spec.DeepCopy()
		v.claim.Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending}
		v.claim.CreationTimestamp = metav1.NewTime(now)
	}
	return o
}

func TestAStatefulSetIsReplacedWhileNoVolumeIsBound(t *testing.T) {
	w := worldOf(t, unbound())
	// The fake API server lets an apply replace all conditions.
	w.Live = worldOf(t, unbound()).store
	writes, _ := w.pass(t)
	require.Equal(t, []string{"apply status", "delete vectors", "delete data-vectors-0", "delete data-vectors-1", "delete data-vectors-2"}, writes)
	require.Contains(t, w.heard(), "Normal StatefulSetReplaced StatefulSet vectors is made again, because its claims ask for "+
		"100Gi of class slow, ReadWriteOnce and the spec for 10Gi of class fast, ReadWriteOnce; no volume was bound")
}

func TestOutdatedTemplate(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*observation)
		replaces bool
	}{
		"another size and class": {func(*observation) {}, true},
		"the size alone":         {func(o *observation) { o.cluster.Spec.Storage.StorageClassName = ptr.To("slow") }, true},
		"the default class": {func(o *observation) {
			o.cluster.Spec.Storage.StorageClassName, o.cluster.Spec.Storage.Size = nil, ptr.To(resource.MustParse("100Gi"))
		}, true},
		"no claim": {func(o *observation) { o.volumes = nil }, true},
		"the same": {func(o *observation) {
			o.cluster.Spec.Storage.StorageClassName, o.cluster.Spec.Storage.Size = ptr.To("slow"), ptr.To(resource.MustParse("100Gi"))
		}, false},
		"one is bound":               {func(o *observation) { o.claim(2).Status.Phase = corev1.ClaimBound }, false},
		"one is about to be bound":   {func(o *observation) { o.claim(2).Spec.VolumeName = "pv-1" }, false},
		"one has lost its volume":    {func(o *observation) { o.claim(2).Status.Phase = corev1.ClaimLost }, false},
		"a pod has a node":           {func(o *observation) { o.volumes, o.pods["vectors-0"].Spec.NodeName = nil, "node-a" }, false},
		"paused":                     {func(o *observation) { o.cluster.Spec.Paused = true }, false},
		"the spec is not applied":    {func(o *observation) { o.cluster.Generation++ }, false},
		"the spec cannot be applied": {func(o *observation) { o.cluster.Status.Conditions[0].Status = metav1.ConditionTrue }, false},
		"it goes":                    {func(o *observation) { o.statefulSet.DeletionTimestamp = &metav1.Time{Time: now} }, false},
		"there is none":              {func(o *observation) { o.statefulSet = nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := unbound()
			test.change(&o)
			require.Equal(t, test.replaces, o.outdatedTemplate() != nil)
		})
	}
}

// What a person has prepared is left alone: a claim that takes its data from a snapshot is not bound before its pod is there.
func TestAClaimThatAPersonHasMadeIsNotReplaced(t *testing.T) {
	for name, change := range map[string]func(*corev1.PersistentVolumeClaimSpec){
		"from a snapshot": func(spec *corev1.PersistentVolumeClaimSpec) {
			spec.DataSource = &corev1.TypedLocalObjectReference{Kind: "VolumeSnapshot", Name: "yesterday"}
		},
		"with a selector": func(spec *corev1.PersistentVolumeClaimSpec) { spec.Selector = &metav1.LabelSelector{} },
		"of another size": func(spec *corev1.PersistentVolumeClaimSpec) {
			spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("50Gi")
		},
		"of another class": func(spec *corev1.PersistentVolumeClaimSpec) { spec.StorageClassName = ptr.To("third") },
	} {
		t.Run(name, func(t *testing.T) {
			o, live := unbound(), unbound()
			change(&o.claim(1).Spec)
			change(&live.claim(1).Spec)
			w := worldOf(t, o)
			w.Live = worldOf(t, live).store
			writes, _ := w.pass(t)
			require.NotContains(t, writes, "delete data-vectors-1")
			require.Contains(t, writes, "delete data-vectors-0")
		})
	}
}

func TestDifferences(t *testing.T) {
	const never = "; it was never bound: kubectl -n team delete pvc data-vectors-1 lets another one be made"
	for name, test := range map[string]struct {
		change func(claim *corev1.PersistentVolumeClaim)
		want   []string
	}{
		"none":  {func(*corev1.PersistentVolumeClaim) {}, nil},
		"class": {func(claim *corev1.PersistentVolumeClaim) { claim.Spec.StorageClassName = ptr.To("slow") }, []string{"claim data-vectors-1 has class slow, and the spec says fast"}},
		"mode": {func(claim *corev1.PersistentVolumeClaim) {
			claim.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}
		}, []string{"claim data-vectors-1 has access mode ReadWriteOncePod, and the spec says ReadWriteOnce"}},
		"a larger size": {func(claim *corev1.PersistentVolumeClaim) {
			claim.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("30Gi")
			give(claim, "30Gi")
		}, []string{"claim data-vectors-1 has size 30Gi, and the spec says 20Gi"}},
		"a growth that was taken back": {func(claim *corev1.PersistentVolumeClaim) {
			claim.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("20481Mi")
			give(claim, "20481Mi")
		}, nil},
		"a growth that is about to be taken back": {func(claim *corev1.PersistentVolumeClaim) {
			claim.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("30Gi")
		}, nil},
		"more than was asked for": {func(claim *corev1.PersistentVolumeClaim) { give(claim, "21Gi") }, nil},
		"a smaller size grows": {func(claim *corev1.PersistentVolumeClaim) {
			claim.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("10Gi")
		}, nil},
		"never bound": {func(claim *corev1.PersistentVolumeClaim) {
			claim.Spec.StorageClassName, claim.Status.Phase = ptr.To("slow"), corev1.ClaimPending
			claim.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}
		}, []string{
			"claim data-vectors-1 has class slow, and the spec says fast",
			"claim data-vectors-1 has access mode ReadWriteOncePod, and the spec says ReadWriteOnce" + never,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			o := observed()
			o.cluster.Spec.Storage.StorageClassName, o.cluster.Spec.Storage.AccessMode = ptr.To("fast"), v1alpha1.AccessMode(corev1.ReadWriteOnce)
			for _, v := range o.volumes {
				v.claim.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
			}
			test.change(o.claim(1))
			require.Equal(t, test.want, o.differences())
		})
	}
}
