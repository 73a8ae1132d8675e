package volumes

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/pvcs/pvcstest"
)

// keeping returns a BarqCluster of two pods whose volumes are to stay after their PVCs are deleted.
func keeping() pvcs.Observation {
	o := pvcstest.Observed()
	o.Cluster.Spec.Replicas, o.Cluster.Spec.Storage.Size = ptr.To[int32](2), ptr.To(resource.MustParse("10Gi"))
	o.Cluster.Spec.Storage.Retention.Reclaim = v1alpha1.ReclaimRetain
	o.PVCs = o.PVCs[:2]
	delete(o.Pods, "vectors-2")
	for _, pvc := range o.PVCs {
		pvcstest.Ask(pvc, "10Gi")
		pvc.Spec.VolumeName = "pv-" + pvc.Pod
	}
	return o
}

// volumeOf returns a volume that is bound to a PVC.
func volumeOf(pvc *corev1.PersistentVolumeClaim) *corev1.PersistentVolume {
	made := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: pvc.Spec.VolumeName}}
	made.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimDelete
	made.Spec.ClaimRef = &corev1.ObjectReference{Namespace: pvc.Namespace, Name: pvc.Name, UID: pvc.UID}
	return made
}

// policies returns the reclaim policies of all volumes, by name.
func (w *world) policies(t *testing.T) map[string]corev1.PersistentVolumeReclaimPolicy {
	t.Helper()
	var list corev1.PersistentVolumeList
	require.NoError(t, w.store.List(t.Context(), &list))
	found := map[string]corev1.PersistentVolumeReclaimPolicy{}
	for _, one := range list.Items {
		found[one.Name] = one.Spec.PersistentVolumeReclaimPolicy
	}
	return found
}

func retainedIn(cluster *v1alpha1.BarqCluster) *metav1.Condition {
	return meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionVolumesRetained)
}

// keepingWorld returns a world with a volume for each PVC, after change has edited the volumes.
func keepingWorld(t *testing.T, o pvcs.Observation, change func(volumes []*corev1.PersistentVolume)) *world {
	t.Helper()
	w := worldOf(t, o)
	var made []*corev1.PersistentVolume
	for _, pvc := range o.PVCs {
		made = append(made, volumeOf(pvc.PersistentVolumeClaim))
	}
	change(made)
	for _, one := range made {
		require.NoError(t, w.store.Create(t.Context(), one))
	}
	return w
}

func TestVolumesAreToldToStayOnce(t *testing.T) {
	const retain, remove = corev1.PersistentVolumeReclaimRetain, corev1.PersistentVolumeReclaimDelete
	w := keepingWorld(t, keeping(), func(made []*corev1.PersistentVolume) { made[1].Spec.PersistentVolumeReclaimPolicy = retain })
	writes, again := w.pass(t)
	require.Equal(t, []string{"patch pv-vectors-0", "patch data-vectors-0", "patch data-vectors-1", "apply status"}, writes)
	require.Zero(t, again)
	require.Equal(t, map[string]corev1.PersistentVolumeReclaimPolicy{"pv-vectors-0": retain, "pv-vectors-1": retain}, w.policies(t))
	said := retainedIn(w.said(t))
	require.Equal(t, metav1.ConditionTrue, said.Status, said.Message)
	require.Equal(t, v1alpha1.ReasonRetainSet, said.Reason)
	writes, _ = w.pass(t)
	require.Empty(t, writes)

	// A later reconcile sends no request, so what an administrator sets on a volume stays.
	kept := &corev1.PersistentVolume{}
	require.NoError(t, w.store.Get(t.Context(), client.ObjectKey{Name: "pv-vectors-0"}, kept))
	kept.Spec.PersistentVolumeReclaimPolicy = remove
	require.NoError(t, w.store.Update(t.Context(), kept))
	writes, _ = w.pass(t)
	require.Empty(t, writes)

	w.change(t, func(cluster *v1alpha1.BarqCluster) { cluster.Spec.Storage.Retention.Reclaim = "" })
	writes, _ = w.pass(t)
	require.Equal(t, []string{"apply status"}, writes)
	require.Nil(t, retainedIn(w.said(t)))
	require.Equal(t, retain, w.policies(t)["pv-vectors-1"], "nothing is taken back")
}

// A PVC says nothing about a volume that Kubernetes has not bound to it.
func TestOnlyTheVolumeOfThePVCIsToldToStay(t *testing.T) {
	for name, change := range map[string]func(o pvcs.Observation, bound *corev1.PersistentVolume){
		"unbound":           func(_ pvcs.Observation, bound *corev1.PersistentVolume) { bound.Spec.ClaimRef = nil },
		"another namespace": func(_ pvcs.Observation, bound *corev1.PersistentVolume) { bound.Spec.ClaimRef.Namespace = "another" },
		"another PVC":       func(_ pvcs.Observation, bound *corev1.PersistentVolume) { bound.Spec.ClaimRef.Name = "another" },
		"a former PVC":      func(_ pvcs.Observation, bound *corev1.PersistentVolume) { bound.Spec.ClaimRef.UID = "another" },
		"gone":              func(_ pvcs.Observation, bound *corev1.PersistentVolume) { bound.Name = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			o := keeping()
			w := keepingWorld(t, o, func(made []*corev1.PersistentVolume) { change(o, made[0]) })
			writes, again := w.pass(t)
			require.Equal(t, []string{"patch pv-vectors-1", "patch data-vectors-1", "apply status"}, writes)
			require.Equal(t, pvcs.RefusedAgainAfter, again)
			said := retainedIn(w.said(t))
			require.Equal(t, metav1.ConditionFalse, said.Status)
			require.Equal(t, v1alpha1.ReasonRetainRefused, said.Reason)
			require.Contains(t, said.Message, "volume pv-vectors-0 of PVC data-vectors-0 is deleted with the PVC: ")
			require.Len(t, w.heard(), 1)
			writes, _ = w.pass(t)
			require.Empty(t, writes)
		})
	}
}

func TestNoteOfAnotherPVCSaysNothing(t *testing.T) {
	o := keeping()
	// A backup restores annotations, and the PVC is a new one.
	o.PVCs[0].Annotations = map[string]string{clusters.VolumeStaysAnnotation: "uid of a former PVC"}
	w := keepingWorld(t, o, func([]*corev1.PersistentVolume) {})
	writes, _ := w.pass(t)
	require.Contains(t, writes, "patch pv-vectors-0")
}

func TestVolumesAreLeftAloneUnlessTheyAreToStay(t *testing.T) {
	for name, change := range map[string]func(pvcs.Observation){
		"not asked for": func(o pvcs.Observation) { o.Cluster.Spec.Storage.Retention.Reclaim = "" },
		"paused":        func(o pvcs.Observation) { o.Cluster.Spec.Paused = true },
		"not bound": func(o pvcs.Observation) {
			for _, pvc := range o.PVCs {
				pvc.Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := keeping()
			change(o)
			w := keepingWorld(t, o, func([]*corev1.PersistentVolume) {})
			writes, _ := w.pass(t)
			require.NotContains(t, writes, "patch pv-vectors-0")
			if said := retainedIn(w.said(t)); said != nil {
				require.Equal(t, metav1.ConditionUnknown, said.Status, said.Message)
			}
		})
	}
}

// An operator that is limited to namespaces may not read volumes, and says so.
func TestAnOperatorThatMayNotKeepVolumesSaysSo(t *testing.T) {
	w := keepingWorld(t, keeping(), func([]*corev1.PersistentVolume) {})
	w.refuse = apierrors.NewForbidden(schema.GroupResource{Resource: "persistentvolumes"}, "pv-vectors-0", errors.New("no role allows it"))
	writes, again := w.pass(t)
	require.Equal(t, []string{"patch pv-vectors-0", "patch pv-vectors-1", "apply status"}, writes)
	require.Equal(t, pvcs.RefusedAgainAfter, again)
	said := retainedIn(w.said(t))
	require.Equal(t, v1alpha1.ReasonRetainRefused, said.Reason)
	require.Contains(t, said.Message, "no role allows it; volume pv-vectors-1 of PVC data-vectors-1")
	require.Equal(t, metav1.ConditionTrue, storedStatus(w.said(t)).resized().Status, "all else goes on")
	writes, _ = w.pass(t)
	require.Empty(t, writes)

	w.clock.SetTime(pvcstest.Now.Add(pvcs.RefusedAgainAfter))
	w.refuse = nil
	writes, _ = w.pass(t)
	require.Equal(t, []string{"patch pv-vectors-0", "patch data-vectors-0", "patch pv-vectors-1", "patch data-vectors-1", "apply status"}, writes)
	require.Equal(t, v1alpha1.ReasonRetainSet, retainedIn(w.said(t)).Reason)
}
