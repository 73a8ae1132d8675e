package operator_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

const policyKey = "NetworkPolicy barq-system/barq-operator"

// Only the port of the metrics is open, and only to those that the values name.
func TestNetworkPolicy(t *testing.T) {
	namespaces := func(label, value string) networkingv1.NetworkPolicyPeer {
		return networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{label: value}}}
	}
	labelled := namespaces("metrics", "enabled")
	to := func(peers ...networkingv1.NetworkPolicyPeer) []networkingv1.NetworkPolicyIngressRule {
		return []networkingv1.NetworkPolicyIngressRule{{
			Ports: []networkingv1.NetworkPolicyPort{{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(8443))}},
			From:  peers,
		}}
	}
	for name, test := range map[string]struct {
		values string
		want   []networkingv1.NetworkPolicyIngressRule
	}{
		"by default": {`{}`, to(labelled)},
		"with readers": {
			`metrics: {readers: [{namespace: monitoring, name: a}, {namespace: other, name: b}, {namespace: monitoring, name: c}]}`,
			to(labelled, namespaces("kubernetes.io/metadata.name", "monitoring"), namespaces("kubernetes.io/metadata.name", "other")),
		},
		"from elsewhere": {`networkPolicy: {from: [{podSelector: {}}]}`, to(networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{}})},
		"from everywhere": {
			`{networkPolicy: {from: []}, metrics: {readers: [{namespace: monitoring, name: a}]}}`, to(),
		},
		"without metrics": {`metrics: {enabled: false}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			rendered := render(t, releaseName, test.values)
			policy := decode[networkingv1.NetworkPolicy](t, rendered[policyKey])
			require.Equal(t, networkingv1.NetworkPolicySpec{
				PodSelector: *deployment(t, rendered).Spec.Selector,
				PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
				Ingress:     test.want,
			}, policy.Spec)
		})
	}
	require.NotContains(t, render(t, releaseName, `networkPolicy: {enabled: false}`), policyKey)
}

// The policy's port is that on which the pods serve their metrics.
func TestTheNetworkPolicyOpensThePortOfTheMetrics(t *testing.T) {
	rendered := render(t, releaseName, `{}`)
	policy := decode[networkingv1.NetworkPolicy](t, rendered[policyKey])
	for _, port := range manager(t, `{}`).Ports {
		if port.Name == "metrics" {
			require.Equal(t, port.ContainerPort, policy.Spec.Ingress[0].Ports[0].Port.IntVal)
			return
		}
	}
	require.Fail(t, "no port named metrics")
}
