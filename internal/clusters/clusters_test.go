package clusters_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/ownership"
)

var clusterName = client.ObjectKey{Namespace: "team", Name: "vectors"}

func vectors() *v1alpha1.BarqCluster {
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name, cluster.UID = clusterName.Namespace, clusterName.Name, "uid of vectors"
	return cluster
}

func storeOf(t *testing.T, objects ...client.Object) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithStatusSubresource(&v1alpha1.BarqCluster{}).
		WithIndex(&corev1.Pod{}, ownership.InstanceField, ownership.IndexInstance).Build()
}

func TestGet(t *testing.T) {
	cluster, err := clusters.Get(t.Context(), storeOf(t, vectors()), clusterName)
	require.NoError(t, err)
	require.Equal(t, vectors().UID, cluster.UID)

	_, err = clusters.Get(t.Context(), storeOf(t), clusterName)
	require.True(t, apierrors.IsNotFound(err), err)
}

func setOf(owner *v1alpha1.BarqCluster) *appsv1.StatefulSet {
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: clusterName.Namespace, Name: clusterName.Name, UID: "uid of the set"}}
	if owner != nil {
		set.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, v1alpha1.BarqClusterKind)}
	}
	return set
}

func TestStatefulSet(t *testing.T) {
	found, err := clusters.StatefulSet(t.Context(), storeOf(t, setOf(vectors())), vectors())
	require.NoError(t, err)
	require.Equal(t, setOf(nil).UID, found.UID)

	for what, objects := range map[string][]client.Object{
		"none":           nil,
		"of another one": {setOf(nil)},
	} {
		found, err := clusters.StatefulSet(t.Context(), storeOf(t, objects...), vectors())
		require.NoError(t, err)
		require.Nil(t, found, what)
	}
}

func TestPods(t *testing.T) {
	pod := func(name string, owner *appsv1.StatefulSet) *corev1.Pod {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name}}
		pod.Labels = map[string]string{"app.kubernetes.io/name": "barq-db", "app.kubernetes.io/instance": "vectors"}
		if owner != nil {
			pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}
		}
		return pod
	}
	set := setOf(vectors())
	other := pod("others-0", set)
	other.Labels["app.kubernetes.io/instance"] = "others"
	store := storeOf(t, pod("vectors-0", set), pod("by-hand", nil), other)
	for _, lookup := range []ownership.Lookup{ownership.Of, ownership.InCache} {
		found, err := clusters.Pods(t.Context(), store, lookup, vectors(), set)
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, "vectors-0", found[0].Name)
	}
}

func TestOnto(t *testing.T) {
	require.Equal(t, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "barq.db/v1alpha1",
		"kind":       "BarqCluster",
		"metadata":   map[string]any{"namespace": "team", "name": "vectors", "uid": "uid of vectors"},
	}}, clusters.Onto(vectors()))
	other := vectors()
	other.SetGroupVersionKind(v1alpha1.BarqBackupStoreKind)
	require.Equal(t, v1alpha1.BarqBackupStoreKind, clusters.Onto(other).GroupVersionKind())
}

func TestApply(t *testing.T) {
	store := storeOf(t, vectors())
	apply := clusters.Onto(vectors())
	apply.SetFinalizers([]string{"example.com/waits"})
	require.NoError(t, clusters.Apply(t.Context(), store, apply, "first"))
	require.NoError(t, clusters.Apply(t.Context(), store, clusters.Onto(vectors()), "second"))
	cluster, err := clusters.Get(t.Context(), store, clusterName)
	require.NoError(t, err)
	require.Equal(t, []string{"example.com/waits"}, cluster.Finalizers, "another owner leaves it alone")

	require.NoError(t, clusters.Apply(t.Context(), store, clusters.Onto(vectors()), "first"))
	cluster, err = clusters.Get(t.Context(), store, clusterName)
	require.NoError(t, err)
	require.Empty(t, cluster.Finalizers, "its owner removes it by leaving it out")
}

func TestApplyStatus(t *testing.T) {
	type deployed struct {
		DeployedRelease v1alpha1.DeployedRelease `json:"deployedRelease"`
	}
	type image struct {
		Image string `json:"image"`
	}
	store := storeOf(t, vectors())
	release := v1alpha1.DeployedRelease{Name: "vectors"}
	require.NoError(t, clusters.ApplyStatus(t.Context(), store.Status(), vectors(), clusters.ReleasePart, &deployed{release}))
	require.NoError(t, clusters.ApplyStatus(t.Context(), store.Status(), vectors(), clusters.StatusPart, &image{Image: "barq-db:1"}))
	cluster, err := clusters.Get(t.Context(), store, clusterName)
	require.NoError(t, err)
	require.Equal(t, v1alpha1.BarqClusterStatus{DeployedRelease: &release, Image: "barq-db:1"}, cluster.Status)
}

func TestRemoveFinalizer(t *testing.T) {
	const finalizer, other, third = "uninstall-helm-release", "example.com/waits", "example.com/waits-too"
	for name, test := range map[string]struct{ before, after []string }{
		"alone":     {[]string{finalizer}, nil},
		"first":     {[]string{finalizer, other, third}, []string{other, third}},
		"between":   {[]string{other, finalizer, third}, []string{other, third}},
		"twice":     {[]string{finalizer, other, finalizer}, []string{other}},
		"none":      {[]string{other}, []string{other}},
		"none left": {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := vectors()
			cluster.Finalizers = test.before
			store := storeOf(t, cluster)
			require.NoError(t, clusters.RemoveFinalizer(t.Context(), store, vectors(), finalizer, "test"))
			after, err := clusters.Get(t.Context(), store, clusterName)
			require.NoError(t, err)
			require.Equal(t, test.after, after.Finalizers)
		})
	}

	another := vectors()
	another.UID, another.Finalizers = "another one", []string{finalizer}
	store := storeOf(t, another)
	require.Error(t, clusters.RemoveFinalizer(t.Context(), store, vectors(), finalizer, "test"))
	after, err := clusters.Get(t.Context(), store, clusterName)
	require.NoError(t, err)
	require.Equal(t, []string{finalizer}, after.Finalizers, "another one of the same name keeps its own")
	err = clusters.RemoveFinalizer(t.Context(), storeOf(t), vectors(), finalizer, "test")
	require.True(t, apierrors.IsNotFound(err), err)
}

// The cache lags behind, and the patch may remove no other finalizer.
func TestRemoveFinalizerOfAListThatHasChanged(t *testing.T) {
	const finalizer, other = "uninstall-helm-release", "example.com/waits"
	outdated := vectors()
	outdated.Finalizers = []string{other, finalizer}
	current := vectors()
	current.Finalizers = []string{finalizer, "example.com/comes-second"}
	store := storeOf(t, current)
	lagging := interceptor.NewClient(store, interceptor.Funcs{
		Get: func(_ context.Context, _ client.WithWatch, _ client.ObjectKey, object client.Object, _ ...client.GetOption) error {
			object.SetFinalizers(outdated.Finalizers)
			return nil
		},
	})
	require.Error(t, clusters.RemoveFinalizer(t.Context(), lagging, vectors(), finalizer, "test"))
	after, err := clusters.Get(t.Context(), store, clusterName)
	require.NoError(t, err)
	require.Equal(t, current.Finalizers, after.Finalizers)
}
