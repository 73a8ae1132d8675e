package integration

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// everyKind are the kinds of which a BarqCluster has objects.
var everyKind = []schema.GroupVersionKind{
	{Version: "v1", Kind: "Pod"},
	{Version: "v1", Kind: "PersistentVolumeClaim"},
	{Version: "v1", Kind: "Service"},
	{Version: "v1", Kind: "ServiceAccount"},
	{Version: "v1", Kind: "ConfigMap"},
	{Group: "apps", Version: "v1", Kind: "StatefulSet"},
	{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"},
	{Group: "policy", Version: "v1", Kind: "PodDisruptionBudget"},
	{Group: "monitoring.coreos.com", Version: "v1", Kind: "PodMonitor"},
}

// Every object has the labels and annotations to inherit, those that are there and those that come, and loses them with the spec. What
// others have written there stays.
func TestInheritedMetadataReachesEveryObject(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 2, topology: {mode: Independent}, monitoring: {podMonitor: {enabled: true}}}`)
	waitReady(t, cluster)
	output(t, kubectl("-n", namespace, "label", "pvc/data-db-0", "example.com/theirs=a"))
	have := func(team, owner string, kinds int) {
		t.Helper()
		waitReady(t, cluster)
		eventually(t, func() string {
			found := map[string]bool{}
			for _, kind := range everyKind {
				list := &unstructured.UnstructuredList{}
				list.SetGroupVersionKind(kind)
				require.NoError(t, admin.List(t.Context(), list, client.InNamespace(namespace), client.MatchingLabels{"app.kubernetes.io/name": "barq-db"}))
				for _, object := range list.Items {
					if object.GetDeletionTimestamp() != nil {
						return object.GetName() + " is being deleted"
					}
					found[kind.Kind] = true
					if object.GetLabels()["example.com/team"] != team || object.GetAnnotations()["example.com/owner"] != owner {
						return fmt.Sprintf("%s %s: %v %v", kind.Kind, object.GetName(), object.GetLabels(), object.GetAnnotations())
					}
				}
			}
			if len(found) != kinds {
				return fmt.Sprint(found)
			}
			return ""
		})
		require.Equal(t, "a", pvcs(t, cluster)["data-db-0"].Labels["example.com/theirs"])
	}
	// There is no ConfigMap in mode Independent.
	have("", "", len(everyKind)-1)
	for _, inherited := range []*v1alpha1.InheritedMetadata{
		{Labels: v1alpha1.Labels{"example.com/team": "search"}, Annotations: v1alpha1.Annotations{"example.com/owner": "a"}},
		{Labels: v1alpha1.Labels{"example.com/team": "find"}},
		{Annotations: v1alpha1.Annotations{"example.com/owner": "b"}},
		nil,
		{Labels: v1alpha1.Labels{"example.com/team": "search"}},
	} {
		change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.InheritedMetadata = inherited })
		team, owner := "", ""
		if inherited != nil {
			team, owner = string(inherited.Labels["example.com/team"]), inherited.Annotations["example.com/owner"]
		}
		have(team, owner, len(everyKind)-1)
	}
	requireIdle(t, cluster)

	byHand := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"example.com/team":"by-hand"}}}`))
	pvc := pvcs(t, cluster)["data-db-1"]
	require.NoError(t, admin.Patch(t.Context(), &pvc, byHand))
	have("search", "", len(everyKind)-1)
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { three := int32(3); spec.Replicas = &three })
	have("search", "", len(everyKind)-1)
}
