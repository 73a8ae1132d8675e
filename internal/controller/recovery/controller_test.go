package recovery

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/ownership"
)

// world is a Reconciler with fake caches and a fake API server, and the pods that it deleted.
type world struct {
	*Reconciler
	cache, live client.WithWatch
	clock       *clocktesting.FakePassiveClock
	events      *events.FakeRecorder
	deleted     []string
	asked       int
}

func worldOf(t *testing.T, o observation) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	labels := map[string]string{"app.kubernetes.io/name": "barq-db", "app.kubernetes.io/instance": o.cluster.Name}
	o.statefulSet.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(o.cluster, v1alpha1.BarqClusterKind)}
	objects := []client.Object{o.cluster, o.statefulSet}
	for _, pod := range o.pods {
		for name, value := range labels {
			pod.Labels[name] = value
		}
		pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(o.statefulSet, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}
		objects = append(objects, pod)
	}
	w := &world{clock: clocktesting.NewFakePassiveClock(now), events: events.NewFakeRecorder(100)}
	build := func() client.WithWatch {
		var copies []client.Object
		for _, object := range objects {
			copies = append(copies, object.DeepCopyObject().(client.Object))
		}
		return fake.NewClientBuilder().WithScheme(scheme).WithObjects(copies...).
			WithIndex(&corev1.Pod{}, ownership.InstanceField, ownership.IndexInstance).
			WithIndex(&corev1.PersistentVolumeClaim{}, ownership.InstanceField, ownership.IndexInstance).Build()
	}
	w.cache = build()
	w.live = interceptor.NewClient(build(), interceptor.Funcs{
		Get: func(ctx context.Context, inner client.WithWatch, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
			w.asked++
			return inner.Get(ctx, key, object, opts...)
		},
	})
	// Deletions go to the API server, and the caches follow.
	deleting := interceptor.NewClient(w.cache, interceptor.Funcs{
		Delete: func(ctx context.Context, _ client.WithWatch, object client.Object, opts ...client.DeleteOption) error {
			asked := &client.DeleteOptions{}
			asked.ApplyOptions(opts)
			require.Equal(t, &metav1.Preconditions{UID: ptr.To(object.GetUID()), ResourceVersion: ptr.To(object.GetResourceVersion())}, asked.Preconditions)
			w.deleted = append(w.deleted, object.GetName())
			if err := w.live.Delete(ctx, object, opts...); err != nil {
				return err
			}
			return w.cache.Delete(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: object.GetNamespace(), Name: object.GetName()}})
		},
	})
	w.Reconciler = &Reconciler{Client: deleting, Live: w.live, Events: w.events, Clock: w.clock}
	return w
}

// pass reconciles once, and returns the requeue delay.
func (w *world) pass(t *testing.T) time.Duration {
	t.Helper()
	result, err := w.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "team", Name: "vectors"}})
	require.NoError(t, err)
	return result.RequeueAfter
}

// put replaces the pod of that name.
func (w *world) put(t *testing.T, where client.Client, pod *corev1.Pod) {
	t.Helper()
	old := &corev1.Pod{}
	if err := where.Get(t.Context(), client.ObjectKeyFromObject(pod), old); err == nil {
		require.NoError(t, where.Delete(t.Context(), old))
	}
	made := pod.DeepCopy()
	set := &appsv1.StatefulSet{}
	require.NoError(t, where.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: "vectors"}, set))
	made.Labels["app.kubernetes.io/name"], made.Labels["app.kubernetes.io/instance"] = "barq-db", "vectors"
	made.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}
	require.NoError(t, where.Create(t.Context(), made))
}

func TestKubernetesHasAWhileToReplaceIt(t *testing.T) {
	w := worldOf(t, observed(ready(0, "older"), stuckOn("old", 1)))
	require.Equal(t, patience, w.pass(t))
	w.clock.SetTime(now.Add(patience - time.Second))
	require.Equal(t, time.Second, w.pass(t))
	require.Empty(t, w.deleted)
	require.Zero(t, w.asked, "the API server is asked for nothing before that")

	w.clock.SetTime(now.Add(patience))
	w.pass(t)
	require.Equal(t, []string{"vectors-1"}, w.deleted)
	require.Equal(t, "Normal StuckPodReplaced the operator deletes pod vectors-1, and its StatefulSet creates it again from the newest spec. "+
		"The pod is of a former spec and cannot start (ImagePullBackOff), and Kubernetes has not replaced it for 10s", <-w.events.Events)

	// Kubernetes creates it in a former revision again for some reason: the operator does not try once
	// more.
	w.put(t, w.live, stuckOn("old", 1))
	w.put(t, w.cache, stuckOn("old", 1))
	require.Zero(t, w.pass(t))
	w.clock.SetTime(now.Add(time.Hour))
	require.Zero(t, w.pass(t))
	require.Len(t, w.deleted, 1)
}

func TestTheWaitBeginsAgain(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, w *world){
		"with another pod": func(t *testing.T, w *world) { w.put(t, w.cache, stuckOn("older", 1)) },
		"when it got on for a moment": func(t *testing.T, w *world) {
			w.put(t, w.cache, with(1, "old", ended(running())))
			w.pass(t)
			w.put(t, w.cache, stuckOn("old", 1))
		},
		"with another revision": func(t *testing.T, w *world) {
			set := &appsv1.StatefulSet{}
			require.NoError(t, w.cache.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: "vectors"}, set))
			set.Status.UpdateRevision = "newest"
			require.NoError(t, w.cache.Status().Update(t.Context(), set))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(t, observed(ready(0, "older"), stuckOn("old", 1)))
			w.pass(t)
			w.clock.SetTime(now.Add(patience))
			change(t, w)
			require.Equal(t, patience, w.pass(t))
			require.Empty(t, w.deleted)
		})
	}
}

// The caches lag behind.
func TestTheAPIServerHasTheLastWord(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, w *world){
		"it answers":         func(t *testing.T, w *world) { w.put(t, w.live, ready(1, "old")) },
		"it was replaced":    func(t *testing.T, w *world) { w.put(t, w.live, stuckOn("new", 1)) },
		"another pod starts": func(t *testing.T, w *world) { w.put(t, w.live, podOf(0, "new")) },
		"its volume goes with it": func(t *testing.T, w *world) {
			pvc := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
				Namespace: "team", Name: "data-vectors-1", Finalizers: []string{"kubernetes.io/pvc-protection"},
				Labels: map[string]string{"app.kubernetes.io/name": "barq-db", "app.kubernetes.io/instance": "vectors"},
			}}
			require.NoError(t, w.live.Create(t.Context(), pvc))
			require.NoError(t, w.live.Delete(t.Context(), pvc))
		},
		"the BarqCluster is paused": func(t *testing.T, w *world) {
			cluster := &v1alpha1.BarqCluster{}
			require.NoError(t, w.live.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: "vectors"}, cluster))
			cluster.Spec.Paused = true
			require.NoError(t, w.live.Update(t.Context(), cluster))
		},
		"the BarqCluster is another": func(t *testing.T, w *world) {
			cluster := &v1alpha1.BarqCluster{}
			require.NoError(t, w.live.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: "vectors"}, cluster))
			require.NoError(t, w.live.Delete(t.Context(), cluster))
			cluster.UID, cluster.ResourceVersion = "another", ""
			require.NoError(t, w.live.Create(t.Context(), cluster))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(t, observed(ready(0, "older"), stuckOn("old", 1)))
			w.pass(t)
			w.clock.SetTime(now.Add(patience))
			change(t, w)
			w.pass(t)
			require.Empty(t, w.deleted)
			require.Empty(t, w.events.Events)
		})
	}
}

func TestNothingIsRememberedOfWhatIsDone(t *testing.T) {
	w := worldOf(t, observed(ready(0, "older"), stuckOn("old", 1)))
	w.pass(t)
	require.Len(t, w.seen, 1)
	set := &appsv1.StatefulSet{}
	require.NoError(t, w.cache.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: "vectors"}, set))
	set.Status.UpdatedReplicas = 2
	require.NoError(t, w.cache.Status().Update(t.Context(), set))
	require.Zero(t, w.pass(t))
	require.Empty(t, w.seen)
	require.Zero(t, w.asked)
}
