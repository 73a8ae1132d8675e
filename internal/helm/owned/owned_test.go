package owned

import (
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/kube"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/resource"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/barq-db/barq-operator/internal/clusters"
)

func testCluster() client.Object {
	cluster := clusters.Object()
	cluster.SetNamespace("team")
	cluster.SetName("vectors")
	cluster.SetUID("uid of vectors")
	return cluster
}

func ownedBy(uid types.UID) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: "barq.db/v1alpha1", Kind: "BarqCluster", Name: "vectors", UID: uid, Controller: ptr.To(true)}}
}

func metaOf(name string, owner types.UID) metav1.ObjectMeta {
	made := metav1.ObjectMeta{Namespace: "team", Name: name, UID: types.UID("uid of object " + name)}
	if owner != "" {
		made.OwnerReferences = ownedBy(owner)
	}
	return made
}

// of changes the name of an object's owner.
func of(object metav1.ObjectMeta, owner string) metav1.ObjectMeta {
	object.OwnerReferences[0].Name = owner
	return object
}

// leaving returns the metadata of an object that is being deleted.
func leaving(object metav1.ObjectMeta) metav1.ObjectMeta {
	object.DeletionTimestamp, object.Finalizers = &metav1.Time{}, []string{"example.com/cleanup"}
	return object
}

// listed is an object of a manifest.
func listed(object client.Object) *resource.Info {
	kinds, _, _ := clientgoscheme.Scheme.ObjectKinds(object)
	return &resource.Info{
		Namespace: object.GetNamespace(), Name: object.GetName(), Object: object,
		Mapping: &meta.RESTMapping{GroupVersionKind: kinds[0]},
	}
}

func TestWhatMayBeWritten(t *testing.T) {
	cluster := testCluster()
	marks := map[string]string{ReleaseNameAnnotation: "vectors", ReleaseNamespaceAnnotation: "team"}
	for name, test := range map[string]struct {
		live metav1.ObjectMeta
		want string
	}{
		"its own":                   {metaOf("vectors", cluster.GetUID()), ""},
		"the former BarqCluster's":  {metaOf("vectors", "uid of another"), `Service "vectors" of the former BarqCluster of this name is still being deleted; the operator creates it again when it is gone`},
		"being deleted":             {leaving(metaOf("vectors", cluster.GetUID())), `Service "vectors" is being deleted; the operator creates it again when it is gone; its finalizers are example.com/cleanup`},
		"another BarqCluster's":     {of(metaOf("vectors", "uid of another"), "other"), `Service "vectors" exists and belongs to BarqCluster "other"; give the BarqCluster another name, or delete that object`},
		"an administrator's":        {metaOf("vectors", ""), `Service "vectors" exists and belongs to no BarqCluster; give the BarqCluster another name, or delete that object`},
		"of a release to take over": {metav1.ObjectMeta{Name: "vectors", Labels: map[string]string{"app.kubernetes.io/managed-by": "Helm"}, Annotations: marks}, ""},
		"of another release": {
			metav1.ObjectMeta{Name: "vectors", Labels: map[string]string{"app.kubernetes.io/managed-by": "Helm"}, Annotations: map[string]string{ReleaseNameAnnotation: "other", ReleaseNamespaceAnnotation: "team"}},
			`Service "vectors" exists and belongs to no BarqCluster; give the BarqCluster another name, or delete that object`,
		},
		"with half the marks": {metav1.ObjectMeta{Name: "vectors", Annotations: marks}, `Service "vectors" exists and belongs to no BarqCluster; give the BarqCluster another name, or delete that object`},
	} {
		t.Run(name, func(t *testing.T) {
			err := MayWrite(&corev1.Service{ObjectMeta: test.live}, listed(&corev1.Service{ObjectMeta: metaOf("vectors", "")}), cluster)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, test.want)
		})
	}
	elsewhere := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "vectors", OwnerReferences: ownedBy(cluster.GetUID())}}
	require.ErrorContains(t, MayWrite(elsewhere, listed(elsewhere), cluster), `is of namespace "kube-system"`)
}

// Only the objects that the BarqCluster controls and the chart names are deleted, whatever a manifest lists.
func TestWhatIsDeleted(t *testing.T) {
	cluster := testCluster()
	uid := cluster.GetUID()
	elsewhere := &corev1.ConfigMap{ObjectMeta: metaOf("vectors-0", uid)}
	elsewhere.Namespace = "victim"
	kept := []client.Object{
		elsewhere,
		&networkingv1.NetworkPolicy{ObjectMeta: metaOf("default-deny", "")},
		&corev1.ConfigMap{ObjectMeta: metaOf("of-another", uid)},
		&corev1.Service{ObjectMeta: metaOf("vectors-1", "uid of another")},
		&corev1.Secret{ObjectMeta: metaOf("vectors", uid)},
		&corev1.PersistentVolumeClaim{ObjectMeta: metaOf("vectors", uid)},
		&appsv1.StatefulSet{ObjectMeta: metaOf("vectors", uid)},
	}
	deleted := []client.Object{
		&corev1.Service{ObjectMeta: metaOf("vectors-0", uid)},
		&corev1.ServiceAccount{ObjectMeta: metaOf("an-account", uid)},
	}
	server := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(append(kept, deleted...)...).Build()
	objects := &Objects{Cache: server, Live: server, Writer: server}
	forged := kube.ResourceList{listed(kept[0]), listed(kept[1]), listed(kept[3]), listed(kept[4])}
	target := kube.ResourceList{listed(kept[6])}
	require.NoError(t, objects.DeleteOthers(t.Context(), cluster, target, forged))
	there := func(object client.Object) bool {
		return server.Get(t.Context(), client.ObjectKeyFromObject(object), object.DeepCopyObject().(client.Object)) == nil
	}
	for _, object := range kept {
		require.True(t, there(object), "%T %s", object, object.GetName())
	}
	for _, object := range deleted {
		require.False(t, there(object), "%T %s", object, object.GetName())
	}
}

// An account that leaves the release while the spec names it is not deleted, because Kubernetes could create no pod
// without it. It keeps its other owners.
func TestAnAccountThatTheSpecNamesIsKept(t *testing.T) {
	cluster := testCluster().(*unstructured.Unstructured)
	require.NoError(t, unstructured.SetNestedMap(cluster.Object, map[string]any{"name": "an-account", "create": false}, "spec", "serviceAccount"))
	named, other := &corev1.ServiceAccount{ObjectMeta: metaOf("an-account", cluster.GetUID())}, &corev1.ServiceAccount{ObjectMeta: metaOf("vectors", cluster.GetUID())}
	named.OwnerReferences = append(named.OwnerReferences, metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: "a", UID: "uid of a"})
	service := &corev1.Service{ObjectMeta: metaOf("vectors-an-account", cluster.GetUID())}
	server := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(named, other, service).Build()
	objects := &Objects{Cache: server, Live: server, Writer: server}
	surplus, err := objects.Others(t.Context(), cluster, nil, nil)
	require.NoError(t, err)
	require.Len(t, surplus, 2, "the account that the spec names is no surplus")
	for range 2 {
		require.NoError(t, objects.DeleteOthers(t.Context(), cluster, nil, nil))
		found := &corev1.ServiceAccount{}
		require.NoError(t, server.Get(t.Context(), client.ObjectKeyFromObject(named), found))
		require.Equal(t, named.OwnerReferences[1:], found.OwnerReferences)
		require.True(t, apierrors.IsNotFound(server.Get(t.Context(), client.ObjectKeyFromObject(other), found)))
		require.True(t, apierrors.IsNotFound(server.Get(t.Context(), client.ObjectKeyFromObject(service), &corev1.Service{})))
	}
}

// An account that the chart renders for the spec is deleted, also if the spec names it. So is what carries Helm's marks
// after --cascade=orphan, except a kept account.
func TestAnAccountThatTheChartMakesIsNotKept(t *testing.T) {
	for create, gone := range map[any]bool{nil: true, true: true, false: false} {
		cluster := testCluster().(*unstructured.Unstructured)
		account := map[string]any{"name": "an-account"}
		if create != nil {
			account["create"] = create
		}
		require.NoError(t, unstructured.SetNestedMap(cluster.Object, account, "spec", "serviceAccount"))
		controlled, orphan := &corev1.ServiceAccount{ObjectMeta: metaOf("an-account", cluster.GetUID())}, &corev1.ServiceAccount{ObjectMeta: metaOf("an-account", "")}
		orphan.Labels = map[string]string{"app.kubernetes.io/managed-by": "Helm"}
		orphan.Annotations = map[string]string{ReleaseNameAnnotation: cluster.GetName(), ReleaseNamespaceAnnotation: cluster.GetNamespace()}
		server := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(controlled).Build()
		surplus, err := (&Objects{Cache: server}).Others(t.Context(), cluster, nil, nil)
		require.NoError(t, err)
		require.Equal(t, gone, len(surplus) == 1, create)
		server = fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(orphan).Build()
		orphans, err := (&Objects{Cache: server}).Orphaned(t.Context(), cluster)
		require.NoError(t, err)
		require.Equal(t, gone, len(orphans) == 1, create)
	}
}

// The garbage collector removes the owner references when a BarqCluster is deleted with --cascade=orphan.
func TestWhatWasOrphanedStillCarriesTheMarks(t *testing.T) {
	cluster := testCluster()
	marked := func(name, release string) *corev1.Service {
		made := &corev1.Service{ObjectMeta: metaOf(name, "")}
		made.Labels = map[string]string{"app.kubernetes.io/managed-by": "Helm"}
		made.Annotations = map[string]string{ReleaseNameAnnotation: release, ReleaseNamespaceAnnotation: "team"}
		return made
	}
	taken := marked("vectors-1", "vectors")
	taken.OwnerReferences = ownedBy("uid of another")
	server := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(
		marked("vectors", "vectors"), marked("vectors-0", "vectors-0"), taken, &corev1.Service{ObjectMeta: metaOf("vectors-2", "")},
		&corev1.Service{ObjectMeta: metaOf("vectors-3", cluster.GetUID())},
	).Build()
	objects := &Objects{Cache: server, Live: server, Writer: server}
	names := func(found []*metav1.PartialObjectMetadata, err error) []string {
		require.NoError(t, err)
		var all []string
		for _, object := range found {
			all = append(all, object.Name)
		}
		return all
	}
	require.Equal(t, []string{"vectors-3"}, names(objects.Cached(t.Context(), cluster)))
	require.ElementsMatch(t, []string{"vectors", "vectors-3"}, names(objects.Orphaned(t.Context(), cluster)))
}
