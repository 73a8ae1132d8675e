package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// The policy of families reaches every Service and the address that the database listens on, and goes with the field. What the Kubernetes
// cluster lacks is refused with its own words. The test cluster has IPv4 only.
func TestIPv6(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `service: {ipFamilyPolicy: PreferDualStack, ipFamilies: [IPv4]}`)
	waitReady(t, cluster)
	require.Equal(t, "[::]:8080", container(t, cluster).Env[0].Value)
	var services corev1.ServiceList
	require.NoError(t, admin.List(t.Context(), &services, client.InNamespace(namespace)))
	require.Len(t, services.Items, 2)
	for _, service := range services.Items {
		require.Equal(t, corev1.IPFamilyPolicyPreferDualStack, *service.Spec.IPFamilyPolicy)
	}
	requireIdle(t, cluster)
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Service.IPFamilyPolicy = corev1.IPFamilyPolicySingleStack })
	waitReady(t, cluster)
	require.Equal(t, "0.0.0.0:8080", container(t, cluster).Env[0].Value)

	six := newCluster(t, namespace, "six", `service: {ipFamilies: [IPv6]}`)
	condition := waitFor(t, six, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReleaseFailed)
	require.Contains(t, condition.Message, "not configured on this cluster")
	require.True(t, meta.IsStatusConditionTrue(six.Status.Conditions, v1alpha1.ConditionStalled))
}
