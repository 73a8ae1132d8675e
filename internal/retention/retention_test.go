package retention_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/retention"
)

// world is a BarqCluster with its StatefulSet and three PVCs, on a fake API server.
type world struct {
	cluster *v1alpha1.BarqCluster
	set     *appsv1.StatefulSet
	pvcs    []*corev1.PersistentVolumeClaim
}

func newWorld(whenDeleted v1alpha1.RetentionPolicy) *world {
	w := &world{cluster: &v1alpha1.BarqCluster{}, set: &appsv1.StatefulSet{}}
	w.cluster.Namespace, w.cluster.Name, w.cluster.UID = "team", "vectors", "uid of vectors"
	w.cluster.Finalizers = []string{"uninstall-helm-release"}
	w.cluster.Spec.Storage.Retention.WhenDeleted = whenDeleted
	w.cluster.Status.DeployedRelease = &v1alpha1.DeployedRelease{Name: "vectors"}
	w.set.Namespace, w.set.Name, w.set.UID = "team", "vectors", "uid of the set"
	w.set.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(w.cluster, v1alpha1.BarqClusterKind)}
	for ordinal := range 3 {
		pvc := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
			Namespace: "team", Name: fmt.Sprintf("data-vectors-%d", ordinal), UID: types.UID(fmt.Sprintf("uid of PVC %d", ordinal)),
			Labels: map[string]string{"app.kubernetes.io/name": "barq-db", "app.kubernetes.io/instance": "vectors"},
		}}
		w.pvcs = append(w.pvcs, pvc)
	}
	return w
}

// tie makes the StatefulSet the owner of the PVC, as its controller does.
func (w *world) tie(ordinal int) {
	w.pvcs[ordinal].OwnerReferences = append(w.pvcs[ordinal].OwnerReferences,
		*metav1.NewControllerRef(w.set, appsv1.SchemeGroupVersion.WithKind("StatefulSet")))
}

func (w *world) store(t *testing.T, funcs interceptor.Funcs) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	objects := []client.Object{w.cluster}
	if w.set != nil {
		objects = append(objects, w.set)
	}
	for _, pvc := range w.pvcs {
		objects = append(objects, pvc)
	}
	store := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithStatusSubresource(&appsv1.StatefulSet{}).Build()
	return interceptor.NewClient(store, funcs)
}

// names returns the names of the remaining PVCs.
func names(t *testing.T, store client.Reader) []string {
	t.Helper()
	var list corev1.PersistentVolumeClaimList
	require.NoError(t, store.List(t.Context(), &list))
	var found []string
	for _, pvc := range list.Items {
		if pvc.DeletionTimestamp == nil {
			found = append(found, pvc.Name)
		}
	}
	return found
}

const deleted, retained = v1alpha1.RetentionDelete, v1alpha1.RetentionRetain

// The status says what is done, and both come from the same computation.
func TestFate(t *testing.T) {
	const pvcs = "data-vectors-0, data-vectors-1, data-vectors-2"
	for name, test := range map[string]struct {
		spec    v1alpha1.RetentionPolicy
		change  func(*world)
		deletes bool
		says    string
	}{
		"retained": {retained, func(*world) {}, false, "its volumes are kept, because spec.storage.retention.whenDeleted is Retain: " + pvcs},
		"deleted":  {deleted, func(*world) {}, true, "its volumes are deleted with it, because spec.storage.retention.whenDeleted is Delete: " + pvcs},
		"no PVC":   {deleted, func(w *world) { w.pvcs = nil }, true, "it has no volumes"},
		"the StatefulSet is gone": {
			deleted, func(w *world) { w.set = nil }, true,
			"its volumes are deleted with it, because spec.storage.retention.whenDeleted is Delete: " + pvcs,
		},
		"orphaned": {
			deleted, func(w *world) { w.cluster.Finalizers = append(w.cluster.Finalizers, "orphan") }, false,
			"its volumes are kept, because --cascade=orphan keeps what belongs to the BarqCluster: " + pvcs,
		},
		"orphaned before": {
			deleted, func(w *world) { w.set.OwnerReferences = nil }, false,
			"its volumes are kept, because StatefulSet vectors, which uses them, does not belong to the BarqCluster: " + pvcs,
		},
		"another's StatefulSet": {
			deleted, func(w *world) { w.set.OwnerReferences[0].UID = "another" }, false,
			"its volumes are kept, because StatefulSet vectors, which uses them, does not belong to the BarqCluster: " + pvcs,
		},
		"handed back": {
			deleted, func(w *world) { w.cluster.Annotations = map[string]string{"barq.db/on-deletion": "keep-release"} }, false,
			"its volumes are kept, because annotation barq.db/on-deletion keeps the release: " + pvcs,
		},
		"never installed": {
			deleted, func(w *world) { w.set, w.cluster.Status.DeployedRelease = nil, nil }, false,
			"its volumes are kept, because the BarqCluster has no release of its own: " + pvcs,
		},
		"interrupted install": {
			deleted, func(w *world) { w.cluster.Status.DeployedRelease = nil }, true,
			"its volumes are deleted with it, because spec.storage.retention.whenDeleted is Delete: " + pvcs,
		},
		"one was deleted before": {
			retained, func(w *world) { goes(w.pvcs[1]) }, false,
			"its volumes are kept, because spec.storage.retention.whenDeleted is Retain: data-vectors-0, data-vectors-2; " +
				"volumes whose PVCs were deleted before are not kept: data-vectors-1",
		},
		"one volume stays": {
			deleted, func(w *world) { stays(w.pvcs[1]) }, true,
			"its volumes are deleted with it, because spec.storage.retention.whenDeleted is Delete: data-vectors-0, data-vectors-2; " +
				"the volumes of these PVCs stay when the PVCs are deleted (persistentVolumeReclaimPolicy Retain): data-vectors-1",
		},
		"all volumes stay": {
			deleted, func(w *world) {
				for _, pvc := range w.pvcs {
					stays(pvc)
				}
			}, true, "its PVCs are deleted with it, because spec.storage.retention.whenDeleted is Delete; " +
				"the volumes of these PVCs stay when the PVCs are deleted (persistentVolumeReclaimPolicy Retain): " + pvcs,
		},
		"one was deleted before, and its volume stays": {
			retained, func(w *world) { goes(w.pvcs[1]); stays(w.pvcs[1]) }, false,
			"its volumes are kept, because spec.storage.retention.whenDeleted is Retain: data-vectors-0, data-vectors-2; " +
				"the volumes of these PVCs stay when the PVCs are deleted (persistentVolumeReclaimPolicy Retain): data-vectors-1",
		},
		"all were deleted before": {
			retained, func(w *world) {
				for _, pvc := range w.pvcs {
					goes(pvc)
				}
			}, false, "its volumes are not kept, because their PVCs were deleted before: " + pvcs,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(test.spec)
			test.change(w)
			fate, err := retention.Observe(t.Context(), w.store(t, interceptor.Funcs{}), ownership.Of, w.cluster)
			require.NoError(t, err)
			require.Equal(t, test.says, fate.String())
			require.Equal(t, test.deletes, fate.Deletes)

			store := w.store(t, interceptor.Funcs{})
			before := names(t, store)
			settler := retention.Settler{Live: store, Writer: store}
			require.NoError(t, settler.Keep(t.Context(), w.cluster))
			require.NoError(t, settler.Delete(t.Context(), w.cluster))
			if test.deletes {
				before = nil
			}
			require.Equal(t, before, names(t, store))
		})
	}
}

// stays makes the volume of a PVC outlive it.
func stays(pvc *corev1.PersistentVolumeClaim) {
	pvc.UID = "uid of " + types.UID(pvc.Name)
	pvc.Annotations = map[string]string{clusters.VolumeStaysAnnotation: string(pvc.UID)}
}

func goes(pvc *corev1.PersistentVolumeClaim) {
	pvc.DeletionTimestamp, pvc.Finalizers = &metav1.Time{Time: metav1.Now().Rfc3339Copy().Time}, []string{"kubernetes.io/pvc-protection"}
}

// A StatefulSet of a former operator deletes its PVCs. The deletion waits until the StatefulSet
// controller has seen that it should keep them. Then the operator unties those of absent pods, which
// the controller leaves tied.
func TestKeepUndoesAFormerPolicy(t *testing.T) {
	for name, policy := range map[string]appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
		"whenDeleted": {WhenDeleted: "Delete", WhenScaled: "Retain"},
		"whenScaled":  {WhenDeleted: "Retain", WhenScaled: "Delete"},
		"both":        {WhenDeleted: "Delete", WhenScaled: "Delete"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(retained)
			w.set.Spec.PersistentVolumeClaimRetentionPolicy = &policy
			w.set.Generation, w.set.Status.ObservedGeneration = 2, 1
			w.tie(0)
			w.tie(2)
			w.pvcs[1].OwnerReferences = []metav1.OwnerReference{
				{APIVersion: "v1", Kind: "Pod", Name: "vectors-1", UID: "pod"},
				{APIVersion: "v1", Kind: "ConfigMap", Name: "by-hand", UID: "map"},
			}
			store := w.store(t, interceptor.Funcs{})
			settler := retention.Settler{Live: store, Writer: store}
			require.EqualError(t, settler.Keep(t.Context(), w.cluster), "StatefulSet vectors still deletes its PVCs, and "+
				"spec.storage.retention.whenDeleted is Retain; the deletion goes on once its controller has seen the change")

			set := &appsv1.StatefulSet{}
			require.NoError(t, store.Get(t.Context(), client.ObjectKeyFromObject(w.set), set))
			require.Equal(t, &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenDeleted: "Retain", WhenScaled: "Retain"},
				set.Spec.PersistentVolumeClaimRetentionPolicy)
			set.Status.ObservedGeneration = set.Generation
			require.NoError(t, store.Status().Update(t.Context(), set))
			require.NoError(t, settler.Keep(t.Context(), w.cluster))

			var list corev1.PersistentVolumeClaimList
			require.NoError(t, store.List(t.Context(), &list))
			var owners []string
			for _, pvc := range list.Items {
				for _, owner := range pvc.OwnerReferences {
					owners = append(owners, pvc.Name+" "+owner.Name)
				}
			}
			require.Equal(t, []string{"data-vectors-1 by-hand"}, owners, "what others have written stays")
		})
	}
}

// The newest spec on the API server decides what is deleted, and not the spec in the cache.
func TestTheNewestSpecDecides(t *testing.T) {
	for newest, left := range map[v1alpha1.RetentionPolicy]int{retained: 3, deleted: 0} {
		w := newWorld(newest)
		store := w.store(t, interceptor.Funcs{})
		stale := w.cluster.DeepCopy()
		stale.Spec.Storage.Retention.WhenDeleted = map[v1alpha1.RetentionPolicy]v1alpha1.RetentionPolicy{retained: deleted, deleted: retained}[newest]
		require.NoError(t, (&retention.Settler{Live: store, Writer: store}).Delete(t.Context(), stale))
		require.Len(t, names(t, store), left)
	}

	w := newWorld(deleted)
	store := w.store(t, interceptor.Funcs{})
	another := w.cluster.DeepCopy()
	another.UID = "former"
	require.NoError(t, (&retention.Settler{Live: store, Writer: store}).Delete(t.Context(), another))
	require.Len(t, names(t, store), 3, "a new BarqCluster of the same name has them now")
}

func TestDeleteFailsIfAPVCMayNotGo(t *testing.T) {
	w := newWorld(deleted)
	store := w.store(t, interceptor.Funcs{
		Delete: func(context.Context, client.WithWatch, client.Object, ...client.DeleteOption) error {
			return apierrors.NewForbidden(schema.GroupResource{Resource: "persistentvolumeclaims"}, "data-vectors-0", errors.New("policy"))
		},
	})
	require.EqualError(t, (&retention.Settler{Live: store, Writer: store}).Delete(t.Context(), w.cluster),
		`deleting PVC data-vectors-0, as spec.storage.retention.whenDeleted says: persistentvolumeclaims "data-vectors-0" is forbidden: policy`)
}

// The StatefulSet controller may create one more PVC just after the StatefulSet is gone.
func TestDeleteLooksAgain(t *testing.T) {
	w := newWorld(deleted)
	late := w.pvcs[2]
	w.pvcs = w.pvcs[:2]
	made := false
	store := w.store(t, interceptor.Funcs{
		Delete: func(ctx context.Context, store client.WithWatch, object client.Object, opts ...client.DeleteOption) error {
			if !made {
				made = true
				if err := store.Create(ctx, late); err != nil {
					return err
				}
			}
			return store.Delete(ctx, object, opts...)
		},
	})
	require.NoError(t, (&retention.Settler{Live: store, Writer: store}).Delete(t.Context(), w.cluster))
	require.Empty(t, names(t, store))
}

// After a deletion with --cascade=orphan the operator deletes the StatefulSet, and the garbage
// collector removes its finalizer. An operator that is killed then, or is slow, still knows that it
// was an orphan.
func TestAnOrphanIsRemembered(t *testing.T) {
	for name, orphan := range map[string]func(*world){
		"the garbage collector is not done": func(w *world) { w.cluster.Finalizers = append(w.cluster.Finalizers, "orphan") },
		"the garbage collector is done":     func(w *world) { w.set.OwnerReferences = nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(deleted)
			orphan(w)
			store := w.store(t, interceptor.Funcs{})
			settler := retention.Settler{Live: store, Writer: store}
			require.NoError(t, settler.Keep(t.Context(), w.cluster))

			require.NoError(t, store.Delete(t.Context(), w.set))
			cluster := &v1alpha1.BarqCluster{}
			require.NoError(t, store.Get(t.Context(), client.ObjectKeyFromObject(w.cluster), cluster))
			cluster.Finalizers = []string{"uninstall-helm-release"}
			require.NoError(t, store.Update(t.Context(), cluster))
			require.NoError(t, settler.Delete(t.Context(), w.cluster))
			require.Len(t, names(t, store), 3)

			cluster.UID = "the next one"
			require.NoError(t, store.Update(t.Context(), cluster))
			require.NoError(t, settler.Delete(t.Context(), cluster))
			require.Empty(t, names(t, store), "it is about one BarqCluster")
		})
	}
}
