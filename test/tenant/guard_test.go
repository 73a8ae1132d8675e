package tenant

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/barq-db/barq-operator/internal/signing"
	"github.com/barq-db/barq-operator/test/bench/audit"
	"github.com/barq-db/barq-operator/test/operatorprocess"
	"github.com/barq-db/barq-operator/test/snapshot"
)

func object(fields map[string]any, owner string) *unstructured.Unstructured {
	metadata := map[string]any{}
	if owner != "" {
		metadata["ownerReferences"] = []any{map[string]any{"kind": owner, "name": "db", "uid": "1", "controller": true}}
	}
	found := &unstructured.Unstructured{Object: map[string]any{"metadata": metadata}}
	for field, value := range fields {
		found.Object[field] = value
	}
	return found
}

func TestOwnObjects(t *testing.T) {
	own := NewOwn("home", "db", "d.b")
	has := func(resource, namespace, name, owner string) bool {
		return own.Has(snapshot.Name{Resource: resource, Namespace: namespace, Name: name}, object(nil, owner))
	}
	require.True(t, has("services", "home", "db-headless", "BarqCluster"))
	require.False(t, has("services", "home", "db-headless", ""), "it has no owner")
	require.False(t, has("services", "home", "db-headless", "Deployment"))
	require.False(t, has("services", "victims", "db-headless", "BarqCluster"))
	require.False(t, has("services", "home", "other", "BarqCluster"))
	require.False(t, has("services", "home", "dxb", "BarqCluster"), "a dot is a dot")
	require.False(t, has("roles.rbac.authorization.k8s.io", "home", "db", "BarqCluster"), "of a kind that the chart does not make")
	require.True(t, has("pods", "home", "db-0", "StatefulSet"))

	claimRef := map[string]any{"claimRef": map[string]any{"namespace": "home", "name": "data-db-0"}}
	require.True(t, own.Has(snapshot.Name{Resource: "persistentvolumes", Name: "pv"}, object(map[string]any{"spec": claimRef}, "")))
	record := snapshot.Name{Resource: "secrets", Namespace: "home", Name: "sh.helm.release.v1.db.v1"}
	require.True(t, own.Has(record, object(map[string]any{"type": "helm.sh/release.v1"}, "")))
	require.False(t, own.Has(record, object(map[string]any{"type": "kubernetes.io/service-account-token"}, "")))
}

// volume is bound to the PVC data-db-0 of a namespace.
func volume(namespace string) *unstructured.Unstructured {
	return object(map[string]any{"spec": map[string]any{"claimRef": map[string]any{"namespace": namespace, "name": "data-db-0"}}}, "")
}

func TestWhatTheOperatorMayAskFor(t *testing.T) {
	guard := &Guard{own: []Own{NewOwn("home", "db")}, reads: []Own{NewOwn("other", "db")}, before: snapshot.Snapshot{
		{Resource: "services", Namespace: "home", Name: "db"}: object(nil, ""),
		{Resource: "persistentvolumes", Name: "pv-taken"}:     volume("victims"),
	}}
	after := snapshot.Snapshot{
		{Resource: "persistentvolumes", Name: "pv-home"}: volume("home"), {Resource: "persistentvolumes", Name: "pv-victims"}: volume("victims"),
		{Resource: "persistentvolumes", Name: "pv-taken"}: volume("home"),
	}
	may := func(verb, group, resource, namespace, name string, code int) bool {
		return guard.mayBe(audit.Entry{Request: audit.Request{Verb: verb, Resource: resource}, Group: group, Namespace: namespace, Name: name, Code: code}, after)
	}
	require.True(t, may("patch", "", "persistentvolumes", "", "pv-home", 200))
	require.False(t, may("patch", "", "persistentvolumes", "", "pv-victims", 200))
	require.False(t, may("get", "", "persistentvolumes", "", "pv-taken", 200), "it was another's")
	require.False(t, may("get", "", "persistentvolumes", "", "pv-gone", 404))
	require.True(t, may("create", "apps", "statefulsets", "home", "db", 201))
	require.False(t, may("create", "apps", "statefulsets", "home", "pwned", 201))
	require.False(t, may("create", "apps", "statefulsets", "kube-system", "db", 403), "to ask is enough")
	require.True(t, may("create", "", "secrets", "home", "", 500), "it was killed while it asked")
	require.False(t, may("create", "", "secrets", "home", "", 201))
	require.False(t, may("create", "", "secrets", "victims", "", 500))
	require.False(t, may("patch", "", "services", "home", "db", 200), "it is an administrator's")
	require.True(t, may("create", "", "services", "home", "db", 409))
	require.True(t, may("get", "", "services", "home", "db", 200))
	require.False(t, may("get", "", "secrets", "victims", "precious", 200))
	require.True(t, may("get", "apps", "statefulsets", "other", "db", 200))
	require.False(t, may("patch", "apps", "statefulsets", "other", "db", 200))
	require.True(t, may("list", "", "secrets", "", "", 200), "for a cache")
	require.False(t, may("list", "", "secrets", "victims", "", 200))
	require.True(t, may("patch", "barq.db", "barqclusters/status", "home", "db", 200))
	require.False(t, may("patch", "barq.db", "barqclusters/status", "victims", "db", 200))
	require.True(t, may("update", "coordination.k8s.io", "leases", operatorprocess.Namespace, "any", 200))
	require.True(t, may("get", "", "secrets", operatorprocess.Namespace, signing.SecretName, 200))
	require.False(t, may("update", "", "secrets", operatorprocess.Namespace, signing.SecretName, 200))
	require.False(t, may("create", "", "secrets", operatorprocess.Namespace, "token", 201))
}
