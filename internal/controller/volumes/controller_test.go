package volumes

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/growth"
	"github.com/barq-db/barq-operator/internal/ownership"
	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/pvcs/pvcstest"
)

// world is a Reconciler over a fake API server, and the requests that it made.
type world struct {
	*Reconciler
	store client.WithWatch
	clock *clocktesting.FakePassiveClock
	// writes are the requests that change an object.
	writes []string
	// refuse is the answer to every patch of a PVC.
	refuse error
	events *events.FakeRecorder
}

// worldOf returns a world with the observed objects.
func worldOf(t *testing.T, o pvcs.Observation) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, v1alpha1.AddToScheme(scheme))

	labels := map[string]string{"app.kubernetes.io/name": "barq-db", "app.kubernetes.io/instance": o.Cluster.Name}
	set := o.StatefulSet
	set.Namespace, set.Name, set.UID = o.Cluster.Namespace, o.Cluster.Name, "uid of the set"
	set.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(o.Cluster, v1alpha1.BarqClusterKind)}
	objects := []client.Object{o.Cluster, set}
	for _, pvc := range o.PVCs {
		pvc.Labels, pvc.ResourceVersion = labels, ""
		objects = append(objects, pvc.PersistentVolumeClaim)
	}
	for _, pod := range o.Pods {
		pod.Labels, pod.UID = labels, "uid of a pod"
		pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}
		objects = append(objects, pod)
	}

	w := &world{clock: clocktesting.NewFakePassiveClock(pvcstest.Now), events: events.NewFakeRecorder(100)}
	w.store = fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithStatusSubresource(&v1alpha1.BarqCluster{}).
		WithIndex(&corev1.Pod{}, ownership.InstanceField, ownership.IndexInstance).
		WithIndex(&corev1.PersistentVolumeClaim{}, ownership.InstanceField, ownership.IndexInstance).Build()
	recording := interceptor.NewClient(w.store, interceptor.Funcs{
		Patch: func(ctx context.Context, inner client.WithWatch, object client.Object, patch client.Patch, opts ...client.PatchOption) error {
			w.writes = append(w.writes, "patch "+object.GetName())
			if w.refuse != nil {
				return w.refuse
			}
			return inner.Patch(ctx, object, patch, opts...)
		},
		Delete: func(ctx context.Context, inner client.WithWatch, object client.Object, opts ...client.DeleteOption) error {
			w.writes = append(w.writes, "delete "+object.GetName())
			return inner.Delete(ctx, object, opts...)
		},
		SubResourceApply: func(ctx context.Context, inner client.Client, name string, object runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
			w.writes = append(w.writes, "apply "+name)
			return inner.SubResource(name).Apply(ctx, object, opts...)
		},
	})
	w.Reconciler = &Reconciler{Client: recording, Live: w.store, Events: w.events, Clock: w.clock}
	return w
}

// pass reconciles once, and returns what was written and the requeue delay.
func (w *world) pass(t *testing.T) ([]string, time.Duration) {
	t.Helper()
	w.writes = nil
	result, err := w.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "team", Name: "vectors"}})
	require.NoError(t, err)
	return w.writes, result.RequeueAfter
}

func (w *world) said(t *testing.T) *v1alpha1.BarqCluster {
	t.Helper()
	cluster := &v1alpha1.BarqCluster{}
	require.NoError(t, w.store.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: "vectors"}, cluster))
	return cluster
}

func (w *world) change(t *testing.T, edit func(*v1alpha1.BarqCluster)) {
	t.Helper()
	cluster := w.said(t)
	edit(cluster)
	require.NoError(t, w.store.Update(t.Context(), cluster))
}

// heard returns the events since the last call.
func (w *world) heard() []string {
	var heard []string
	for len(w.events.Events) > 0 {
		heard = append(heard, <-w.events.Events)
	}
	return heard
}

// small returns a BarqCluster of three pods whose PVCs were not asked to grow yet.
func small() pvcs.Observation {
	o := pvcstest.Observed()
	for _, pvc := range o.PVCs {
		pvcstest.Ask(pvc, "10Gi")
	}
	return o
}

func TestEveryPVCIsAskedOnce(t *testing.T) {
	o := small()
	o.Cluster.Spec.Replicas = ptr.To[int32](2)
	w := worldOf(t, o)

	writes, _ := w.pass(t)
	require.Equal(t, []string{"patch data-vectors-0", "patch data-vectors-1", "patch data-vectors-2", "apply status"}, writes,
		"also that of a pod which was scaled away")
	require.Equal(t, []string{
		"Normal Resizing PVC data-vectors-0 now asks for 20Gi",
		"Normal Resizing PVC data-vectors-1 now asks for 20Gi",
		"Normal Resizing PVC data-vectors-2 now asks for 20Gi",
	}, w.heard())
	pvc := &corev1.PersistentVolumeClaim{}
	require.NoError(t, w.store.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: "data-vectors-2"}, pvc))
	require.Equal(t, resource.MustParse("20Gi"), pvc.Spec.Resources.Requests[corev1.ResourceStorage])

	cluster := w.said(t)
	require.Equal(t, "Resizing", storedStatus(cluster).resized().Reason)
	require.Equal(t, &v1alpha1.StorageStatus{Capacity: ptr.To(resource.MustParse("10Gi")), Volumes: 2}, cluster.Status.Storage)
	require.Equal(t, &v1alpha1.DeployedRelease{Name: "vectors"}, cluster.Status.DeployedRelease, "the other writers' part stays")

	writes, again := w.pass(t)
	require.Empty(t, writes)
	require.Zero(t, again)
}

func TestARefusalIsNotAskedForAgainInEachPass(t *testing.T) {
	w := worldOf(t, small())
	w.refuse = apierrors.NewForbidden(schema.GroupResource{Resource: "persistentvolumeclaims"}, "data", errors.New("the class cannot expand"))

	writes, again := w.pass(t)
	require.Equal(t, []string{"patch data-vectors-0", "patch data-vectors-1", "patch data-vectors-2", "apply status"}, writes)
	require.Equal(t, pvcs.RefusedAgainAfter, again)
	condition := storedStatus(w.said(t)).resized()
	require.Equal(t, "ResizeRefused", condition.Reason)
	require.Equal(t, []string{"Warning ResizeRefused " + condition.Message}, w.heard())

	writes, again = w.pass(t)
	require.Empty(t, writes)
	require.Equal(t, pvcs.RefusedAgainAfter, again)

	w.clock.SetTime(pvcstest.Now.Add(pvcs.RefusedAgainAfter))
	writes, _ = w.pass(t)
	require.Equal(t, []string{"patch data-vectors-0", "patch data-vectors-1", "patch data-vectors-2"}, writes)
	require.Empty(t, w.heard(), "it was said already")

	w.change(t, func(cluster *v1alpha1.BarqCluster) { cluster.Generation++ })
	writes, _ = w.pass(t)
	require.Equal(t, []string{"patch data-vectors-0", "patch data-vectors-1", "patch data-vectors-2", "apply status"}, writes)
	require.Len(t, w.heard(), 1, "the spec is another one")

	w.refuse = nil
	pvc := &corev1.PersistentVolumeClaim{}
	require.NoError(t, w.store.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: "data-vectors-1"}, pvc))
	pvc.Annotations = map[string]string{"example.com/class": "corrected"}
	require.NoError(t, w.store.Update(t.Context(), pvc))
	writes, _ = w.pass(t)
	require.Equal(t, []string{"patch data-vectors-1", "apply status"}, writes, "the PVC is another one")
}

// A growth that the storage cannot deliver is lowered to just above the size that the volume has.
func TestAGrowthIsTakenBack(t *testing.T) {
	w := worldOf(t, small())
	w.pass(t)
	w.heard()
	w.change(t, func(cluster *v1alpha1.BarqCluster) {
		cluster.Spec.Storage.Size = ptr.To(resource.MustParse("10Gi"))
		cluster.Generation++
	})

	writes, _ := w.pass(t)
	require.Equal(t, []string{"patch data-vectors-0", "patch data-vectors-1", "patch data-vectors-2", "apply status"}, writes)
	require.Equal(t, []string{
		"Normal Resizing PVC data-vectors-0 now asks for 10241Mi instead of 20Gi",
		"Normal Resizing PVC data-vectors-1 now asks for 10241Mi instead of 20Gi",
		"Normal Resizing PVC data-vectors-2 now asks for 10241Mi instead of 20Gi",
		"Normal SizeReached every volume has at least 10Gi",
	}, w.heard())
	writes, again := w.pass(t)
	require.Empty(t, writes)
	require.Zero(t, again)
}

func TestAPausedBarqClusterIsReportedAndLeftAlone(t *testing.T) {
	o := small()
	o.Cluster.Spec.Paused = true
	pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
	pvcstest.Ask(o.PVCs[2], "20Gi")
	w := worldOf(t, o)
	writes, again := w.pass(t)
	require.Equal(t, []string{"apply status"}, writes)
	require.Zero(t, again)
	require.Empty(t, w.heard())
	require.Equal(t, "each volume is to have 20Gi: "+
		"PVC data-vectors-2 has 10Gi, and its file system grows when pod vectors-2 restarts, which waits until spec.paused is false; "+
		"PVC data-vectors-0 has 10Gi, and grows once spec.paused is false; "+
		"PVC data-vectors-1 has 10Gi, and grows once spec.paused is false", storedStatus(w.said(t)).resized().Message)
}

func TestABarqClusterThatIsDeletedIsLeftAlone(t *testing.T) {
	o := small()
	o.Cluster.DeletionTimestamp, o.Cluster.Finalizers = &metav1.Time{Time: pvcstest.Now}, []string{"example.com/waits"}
	writes, again := worldOf(t, o).pass(t)
	require.Empty(t, writes)
	require.Zero(t, again)
}

// PVCs of a database that a person installed by hand have the same names and labels.
func TestPVCsWithoutAReleaseBelongToOthers(t *testing.T) {
	o := small()
	o.Cluster.Status.DeployedRelease = nil
	writes, again := worldOf(t, o).pass(t)
	require.Empty(t, writes)
	require.Zero(t, again)
}

func TestVolumesOfANewStatefulSetAreAwaited(t *testing.T) {
	o := small()
	o.PVCs = nil
	o.Cluster.Status.Conditions = nil
	o.StatefulSet.CreationTimestamp = metav1.Time{Time: pvcstest.Now.Add(-time.Second)}
	w := worldOf(t, o)
	writes, again := w.pass(t)
	require.Empty(t, writes)
	require.Equal(t, clusters.Window, again)

	w.clock.SetTime(pvcstest.Now.Add(again))
	writes, again = w.pass(t)
	require.Equal(t, []string{"apply status"}, writes)
	require.Zero(t, again)
	require.Equal(t, "no volume yet: PVC data-vectors-0 does not exist yet; PVC data-vectors-1 does not exist yet; PVC data-vectors-2 does not exist yet", w.said(t).Status.Conditions[0].Message)
}

func TestVolumesOfFurtherPodsAreAwaited(t *testing.T) {
	o := small()
	o.Cluster.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionVolumesResized, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSizeReached,
	}}
	o.Cluster.Spec.Storage.Size = nil
	o.Cluster.Spec.Replicas = ptr.To(o.Cluster.Spec.DesiredReplicas() + 1)
	w := worldOf(t, o)
	writes, again := w.pass(t)
	require.NotContains(t, writes, "apply status")
	require.Equal(t, clusters.Window, again)
	w.clock.SetTime(pvcstest.Now.Add(time.Second / 2))
	_, again = w.pass(t)
	require.Equal(t, clusters.Window-time.Second/2, again)

	w.clock.SetTime(pvcstest.Now.Add(clusters.Window))
	writes, _ = w.pass(t)
	require.Equal(t, []string{"apply status"}, writes)
	require.Equal(t, "no volume yet: PVC data-vectors-3 does not exist yet", w.said(t).Status.Conditions[0].Message)
}

func TestAPodIsRestartedForItsFileSystem(t *testing.T) {
	o := pvcstest.Observed()
	pvcstest.AwaitFileSystem(o.PVCs[1], pvcstest.Grown)
	pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
	w := worldOf(t, o)

	writes, _ := w.pass(t)
	require.Equal(t, []string{"apply status", "delete vectors-2"}, writes)
	require.Equal(t, []string{
		"Normal FileSystemResizePending the operator restarts pod vectors-2, because the file system of PVC data-vectors-2 grows only when the pod starts",
	}, w.heard())
	writes, _ = w.pass(t)
	require.Equal(t, []string{"apply status"}, writes, "the other waits until the first is back")
}

// The caches may still have the pod that was just deleted, and a PVC whose growth is done.
func TestThePodsAreLookedAtOnceMoreBeforeARestart(t *testing.T) {
	o := pvcstest.Observed()
	pvcstest.AwaitFileSystem(o.PVCs[1], pvcstest.Grown)
	w := worldOf(t, o)
	ahead := pvcstest.Observed()
	pvcstest.AwaitFileSystem(ahead.PVCs[1], pvcstest.Grown)
	pvcstest.Unready(ahead.Pods["vectors-2"])
	w.Live = worldOf(t, ahead).store
	writes, _ := w.pass(t)
	require.Equal(t, []string{"apply status"}, writes)
	require.Empty(t, w.heard())
}

// A new pod of the same name is not the pod that was observed, and must not be deleted.
func TestAPodIsDeletedOnlyAsItWasSeen(t *testing.T) {
	o := pvcstest.Observed()
	pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
	w := worldOf(t, o)
	behind := pvcstest.Observed()
	pvcstest.AwaitFileSystem(behind.PVCs[2], pvcstest.Grown)
	w.Live = worldOf(t, behind).store
	pod := &corev1.Pod{}
	require.NoError(t, w.store.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: "vectors-2"}, pod))
	pod.Annotations = map[string]string{"example.com/seen": "no"}
	require.NoError(t, w.store.Update(t.Context(), pod))

	w.writes = nil
	_, err := w.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "team", Name: "vectors"}})
	require.True(t, apierrors.IsConflict(err), "an error is tried again, also when no change starts a pass: %v", err)
	require.Equal(t, []string{"apply status", "delete vectors-2"}, w.writes)
	require.NoError(t, w.store.Get(t.Context(), client.ObjectKeyFromObject(pod), pod))
	require.Empty(t, w.heard())
}

// A pod whose PVC is being deleted is not restarted for its file system, and does not hold up other
// restarts.
func TestAPodWhosePVCGoesIsNotRestarted(t *testing.T) {
	for name, change := range map[string]func(pvcs.PVC){"being deleted": pvcstest.Delete, "lost": pvcstest.Lose} {
		t.Run(name, func(t *testing.T) {
			o := pvcstest.Observed()
			pvcstest.AwaitFileSystem(o.PVCs[1], pvcstest.Grown)
			change(o.PVCs[1])
			w := worldOf(t, o)
			writes, _ := w.pass(t)
			require.NotContains(t, writes, "delete vectors-1")
			condition := storedStatus(w.said(t)).resized()
			require.Equal(t, []string{"False", v1alpha1.ReasonDataAtRisk}, []string{string(condition.Status), condition.Reason})
			require.Contains(t, w.heard(), "Warning DataAtRisk "+condition.Message)
			w.pass(t)
			require.Empty(t, w.heard(), "once")

			o = pvcstest.Observed()
			pvcstest.AwaitFileSystem(o.PVCs[0], pvcstest.Grown)
			change(o.PVCs[1])
			require.Equal(t, "vectors-0", growth.PlanRestarts(o, pvcstest.Now).Now.Pod)
		})
	}
}
