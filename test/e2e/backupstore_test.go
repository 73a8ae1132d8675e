package e2e

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/test/objectservers"
)

// nodeAddress is an address of this machine that pods reach. A test that needs one is left out on nodes elsewhere.
func nodeAddress(t *testing.T) string {
	t.Helper()
	var nodes corev1.NodeList
	require.NoError(t, suite.Client.List(t.Context(), &nodes))
	for _, address := range nodes.Items[0].Status.Addresses {
		if address.Type != corev1.NodeInternalIP {
			continue
		}
		listener, err := net.Listen("tcp", net.JoinHostPort(address.Address, "0"))
		if err == nil {
			require.NoError(t, listener.Close())
			return address.Address
		}
	}
	t.Skip("the node is not this machine, so its pods do not reach what the test serves")
	return ""
}

// A pod of the agent's image tries a real store, whose credentials are rotated to wrong ones and back.
func TestABackupStore(t *testing.T) {
	namespace := newNamespace(t)
	server, err := objectservers.Start(t.Context(), objectservers.Config{
		Provider: objectstore.S3, Root: root, Folder: t.TempDir(), Address: net.JoinHostPort(nodeAddress(t), "0"),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	require.NoError(t, server.CreateBucket(t.Context(), "barq"))
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "keys"}, StringData: server.Secret()}
	require.NoError(t, suite.Client.Create(t.Context(), secret))
	store := &v1alpha1.BarqBackupStore{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "backups"},
		Spec: v1alpha1.BarqBackupStoreSpec{
			Provider: v1alpha1.ProviderS3, Bucket: "barq", Prefix: "team", Region: "us-east-1", Endpoint: server.URL(),
			CredentialsSecretRef: &v1alpha1.SecretReference{Name: "keys"},
		},
	}
	require.NoError(t, suite.Client.Create(t.Context(), store))
	for _, step := range []struct {
		keys   map[string]string
		reason string
	}{
		{nil, v1alpha1.ReasonReachable},
		{server.WrongSecret(), v1alpha1.ReasonCredentialsRejected},
		{server.Secret(), v1alpha1.ReasonReachable},
	} {
		if step.keys != nil {
			secret.StringData = step.keys
			require.NoError(t, suite.Client.Update(t.Context(), secret))
		}
		suite.Eventually(t, func() string {
			require.NoError(t, suite.Client.Get(t.Context(), client.ObjectKeyFromObject(store), store))
			ready := meta.FindStatusCondition(store.Status.Conditions, v1alpha1.ConditionReady)
			if ready == nil || ready.Reason != step.reason {
				return "the store is not " + step.reason
			}
			return ""
		})
	}
	var pods corev1.PodList
	suite.Eventually(t, func() string {
		require.NoError(t, suite.Client.List(t.Context(), &pods, client.InNamespace(namespace)))
		if len(pods.Items) > 0 {
			return "the pod of a probe is still there"
		}
		return ""
	})
}
