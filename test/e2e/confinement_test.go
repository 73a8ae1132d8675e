package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// asServiceAccount gives a client with a token of the service account, and nothing else.
func asServiceAccount(t *testing.T, namespace, name string) *kubernetes.Clientset {
	t.Helper()
	request, err := clientset.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	require.NoError(t, err)
	config := rest.AnonymousClientConfig(restConfig)
	config.BearerToken = request.Status.Token
	config.QPS, config.Burst = restConfig.QPS, restConfig.Burst
	account, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	return account
}

// permission is a verb on a resource.
type permission struct{ verb, group, resource string }

// needless are permissions that no installation of the operator has anywhere.
var needless = []permission{
	{"get", "", "namespaces"},
	{"get", "", "nodes"},
	{"create", "", "pods/exec"},
	{"create", "", "persistentvolumeclaims"},
	{"delete", "", "persistentvolumes"},
	{"create", "", "serviceaccounts/token"},
	{"impersonate", "", "serviceaccounts"},
	{"delete", v1alpha1.GroupVersion.Group, "barqclusters"},
	{"create", "rbac.authorization.k8s.io", "rolebindings"},
	{"escalate", "rbac.authorization.k8s.io", "roles"},
}

// requireClosed looks at the NetworkPolicy of the operator in a namespace. No plugin that
// enforces it can be had here, so the object is compared as a whole.
func requireClosed(t *testing.T, operatorNamespace string) {
	t.Helper()
	pods, err := clientset.CoreV1().Pods(operatorNamespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=manager"})
	require.NoError(t, err)
	require.NotEmpty(t, pods.Items)
	policy := &networkingv1.NetworkPolicy{}
	require.NoError(t, suite.Client.Get(t.Context(), client.ObjectKey{Namespace: operatorNamespace, Name: operatorName}, policy))
	selected := policy.Spec.PodSelector.MatchLabels
	require.Contains(t, selected, "app.kubernetes.io/name")
	require.Subset(t, pods.Items[0].Labels, selected)
	policy.Spec.PodSelector = metav1.LabelSelector{}
	require.Equal(t, networkingv1.NetworkPolicySpec{
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
		Ingress: []networkingv1.NetworkPolicyIngressRule{{
			Ports: []networkingv1.NetworkPolicyPort{{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(8443))}},
			From: []networkingv1.NetworkPolicyPeer{
				{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"metrics": "enabled"}}},
			},
		}},
	}, policy.Spec)
}

// requireConfined shows by the token of the operator in a namespace that it may do its work in
// the given namespaces, and neither read nor write in any other.
func requireConfined(t *testing.T, operatorNamespace string, inside []string, outside string) {
	t.Helper()
	requireClosed(t, operatorNamespace)
	account := asServiceAccount(t, operatorNamespace, operatorName)
	for _, namespace := range inside {
		requireMay(t, account, namespace, operatorRole(t), true)
		requireMay(t, account, namespace, needless, false)
	}
	elsewhere := []string{outside, metav1.NamespaceAll, metav1.NamespaceSystem}
	if !slices.Contains(inside, operatorNamespace) {
		requireMay(t, account, operatorNamespace, []permission{{"get", "", "secrets"}, {"create", "apps", "statefulsets"}}, false)
	}
	for _, namespace := range elsewhere {
		requireMay(t, account, namespace, append(operatorRole(t), needless...), false)
	}

	// The same in deeds.
	_, err := account.CoreV1().Secrets(inside[0]).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, namespace := range elsewhere {
		_, err = account.CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{})
		require.True(t, apierrors.IsForbidden(err), "reading Secrets in %q: %v", namespace, err)
	}
	_, err = account.CoreV1().ConfigMaps(outside).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "intruder"}}, metav1.CreateOptions{})
	require.True(t, apierrors.IsForbidden(err), "making a ConfigMap in %q: %v", outside, err)
}

// requireMay checks that the account may use all of the permissions in a namespace, or none.
func requireMay(t *testing.T, account *kubernetes.Clientset, namespace string, permissions []permission, expected bool) {
	t.Helper()
	for _, asked := range permissions {
		resource, subresource, _ := strings.Cut(asked.resource, "/")
		review, err := account.AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: namespace, Group: asked.group, Resource: resource, Subresource: subresource, Verb: asked.verb,
			}},
		}, metav1.CreateOptions{})
		require.NoError(t, err)
		require.Equal(t, expected, review.Status.Allowed, "%+v in namespace %q", asked, namespace)
	}
}

// operatorRole lists all that the operator's role names.
func operatorRole(t *testing.T) []permission {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "config", "rbac", "role.yaml"))
	require.NoError(t, err)
	var role rbacv1.ClusterRole
	require.NoError(t, yaml.UnmarshalStrict(content, &role))
	var permissions []permission
	for _, rule := range role.Rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					permissions = append(permissions, permission{verb, group, resource})
				}
			}
		}
	}
	require.NotEmpty(t, permissions)
	return permissions
}
