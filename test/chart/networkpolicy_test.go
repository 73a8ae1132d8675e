package chart_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

func TestNetworkPolicy(t *testing.T) {
	sameNamespace := networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{}}
	for name, test := range map[string]struct {
		values string
		want   []networkingv1.NetworkPolicyPeer
	}{
		"by default": {`{}`, []networkingv1.NetworkPolicyPeer{sameNamespace}},
		"further peers": {
			`
networkPolicy:
  from:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}
      podSelector: {matchExpressions: [{key: app, operator: In, values: [prometheus]}]}
    - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}`,
			[]networkingv1.NetworkPolicyPeer{
				sameNamespace,
				{
					NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "monitoring"}},
					PodSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
						{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: []string{"prometheus"}},
					}},
				},
				{IPBlock: &networkingv1.IPBlock{CIDR: "10.0.0.0/8", Except: []string{"10.1.0.0/16"}}},
			},
		},
		"everybody": {
			`networkPolicy: {from: [{namespaceSelector: {}}]}`,
			[]networkingv1.NetworkPolicyPeer{sameNamespace, {NamespaceSelector: &metav1.LabelSelector{}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rendered := render(t, test.values)
			require.Equal(t, networkingv1.NetworkPolicySpec{
				PodSelector: *statefulSet(t, rendered).Spec.Selector,
				PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
				Ingress: []networkingv1.NetworkPolicyIngressRule{{
					From: test.want,
					Ports: []networkingv1.NetworkPolicyPort{
						{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(8080))},
						{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(50051))},
					},
				}},
			}, theOnly[*networkingv1.NetworkPolicy](t, rendered).Spec)
		})
	}
}

func TestNetworkPolicyCanBeLeftOut(t *testing.T) {
	require.Empty(t, all[*networkingv1.NetworkPolicy](t, render(t, `networkPolicy: {enabled: false, from: [{podSelector: {}}]}`)))
}
