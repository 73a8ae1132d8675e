package e2e

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	barqclient "github.com/barq-db/barq-operator/test/barqserver/client"
)

// The Service of mode Primary leads to the primary alone, however many pods there are.
func TestTheServiceLeadsToThePrimary(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 3, storage: {size: 64Mi}}`)
	suite.WaitReady(t, cluster)
	fill(t, namespace, "db-0", 10)

	// Through the Service, every time.
	for range 20 {
		out, err := clientset.CoreV1().Services(namespace).ProxyGet("http", "db", "8080", "/collections/"+collection+"/documents/1", nil).DoRaw(t.Context())
		require.NoError(t, err)
		require.Contains(t, string(out), `"document":{`)
	}
	// The others have no data, and send a writer to the primary.
	ask(t, namespace, "db-1", func(ctx context.Context, database *barqclient.Client) {
		err := database.CreateCollection(ctx, barqclient.Collection{Name: "another", Dimension: 4, Metric: barqclient.L2})
		var answer *barqclient.StatusError
		require.ErrorAs(t, err, &answer)
		require.Equal(t, 307, answer.Status)
		require.Equal(t, "http://db-0.db-headless."+namespace+".svc:8080", answer.Location)
	})
	condition := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionDataRedundancy)
	require.NotNil(t, condition)
	require.Equal(t, v1alpha1.ReasonPrimaryOnly, condition.Reason)

	// A follower that goes away does not concern the clients.
	before := suite.Identities(t, cluster)
	suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](1) })
	suite.WaitReady(t, cluster)
	require.Equal(t, map[string]string{"db-0": before["db-0"]}, suite.Identities(t, cluster))
	require.Equal(t, 10, found(t, namespace, "db-0", 10))
}

// Each database of mode Independent has data and a Service of its own.
func TestIndependentDatabases(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 2, topology: {mode: Independent}, storage: {size: 64Mi}}`)
	suite.WaitReady(t, cluster)
	address := func(pod string) v1alpha1.DatabaseEndpoint {
		return v1alpha1.DatabaseEndpoint{
			Pod: pod, HTTP: "http://" + pod + "." + namespace + ".svc:8080", GRPC: pod + "." + namespace + ".svc:50051",
		}
	}
	require.Equal(t, &v1alpha1.Endpoints{Databases: []v1alpha1.DatabaseEndpoint{address("db-0"), address("db-1")}}, cluster.Status.Endpoints)

	fill(t, namespace, "db-0", 10)
	fill(t, namespace, "db-1", 20)
	require.Equal(t, 10, found(t, namespace, "db-0", 10))
	require.Equal(t, 20, found(t, namespace, "db-1", 20))
	for pod, want := range map[string]string{"db-0": `"document":null`, "db-1": `"document":{`} {
		out, err := clientset.CoreV1().Services(namespace).ProxyGet("http", pod, "8080", "/collections/"+collection+"/documents/15", nil).DoRaw(t.Context())
		require.NoError(t, err)
		require.Contains(t, string(out), want, pod)
	}
	err := suite.Client.Get(t.Context(), client.ObjectKeyFromObject(cluster), &corev1.Service{})
	require.NoError(t, client.IgnoreNotFound(err))
	require.Error(t, err, "a Service over unrelated databases")
}
