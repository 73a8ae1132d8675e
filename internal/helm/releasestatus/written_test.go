package releasestatus

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/barq-db/barq-operator/internal/clusters"
)

func TestWrittenStatusesAreKnownBeforeTheCacheHasThem(t *testing.T) {
	cached := func(uid types.UID, version, reason string) *unstructured.Unstructured {
		cluster := clusters.Object()
		cluster.SetNamespace("team")
		cluster.SetName("vectors")
		cluster.SetUID(uid)
		cluster.SetResourceVersion(version)
		cluster.Object["status"] = map[string]any{"conditions": []any{
			map[string]any{"type": "Deployed", "status": "True", "reason": reason},
		}}
		return cluster
	}
	says := func(reason string) Status {
		return Status{Conditions: []metav1.Condition{{Type: "Deployed", Status: metav1.ConditionTrue, Reason: reason}}}
	}
	know := func(statuses *Written, want string, cached *unstructured.Unstructured) {
		t.Helper()
		status, err := statuses.orStored(cached)
		require.NoError(t, err)
		require.Equal(t, says(want), status)
	}

	statuses := &Written{}
	know(statuses, "Cached", cached("a", "9", "Cached"))
	statuses.remember(cached("a", "11", ""), says("Written"))
	know(statuses, "Written", cached("a", "10", "Cached"))
	know(statuses, "Cached", cached("b", "10", "Cached"))

	statuses.remember(cached("a", "11", ""), says("Written"))
	know(statuses, "Cached", cached("a", "11", "Cached"))
	require.Zero(t, size(statuses), "what the cache has is not kept")

	statuses.remember(cached("a", "13", ""), says("Written"))
	know(statuses, "Reason", cached("a", "14", "Reason"))

	statuses.remember(cached("a", "16", ""), says("Written"))
	statuses.drop(types.NamespacedName{Namespace: "team", Name: "vectors"})
	require.Zero(t, size(statuses), "nothing is kept of one that goes")
}

func size(statuses *Written) (found int) {
	statuses.statuses.Range(func(any, any) bool {
		found++
		return true
	})
	return found
}
