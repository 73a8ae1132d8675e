package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
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

// permissions gives what the account may do in a namespace of all that the operator's
// role names, as the API server sees it: "verb resource" by group, and whether it may.
func permissions(t *testing.T, account *kubernetes.Clientset, namespace string) map[string]bool {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "config", "rbac", "role.yaml"))
	require.NoError(t, err)
	var role rbacv1.ClusterRole
	require.NoError(t, yaml.UnmarshalStrict(content, &role))
	answers := map[string]bool{}
	for _, rule := range role.Rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					review, err := account.AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), &authorizationv1.SelfSubjectAccessReview{
						Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
							Namespace: namespace, Group: group, Resource: resource, Verb: verb,
						}},
					}, metav1.CreateOptions{})
					require.NoError(t, err)
					answers[verb+" "+resource+"."+group] = review.Status.Allowed
				}
			}
		}
	}
	require.NotEmpty(t, answers)
	return answers
}

// requireMay checks that the account may do all that the operator's role names in a
// namespace, or none of it.
func requireMay(t *testing.T, account *kubernetes.Clientset, namespace string, expected bool) {
	t.Helper()
	for permission, may := range permissions(t, account, namespace) {
		require.Equal(t, expected, may, "%s in namespace %q", permission, namespace)
	}
}

// requireNoAccess tries to read and to write in a namespace, and to read everywhere.
func requireNoAccess(t *testing.T, account *kubernetes.Clientset, namespace string) {
	t.Helper()
	_, err := account.CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{})
	require.True(t, apierrors.IsForbidden(err), "reading Secrets in %s: %v", namespace, err)
	_, err = account.CoreV1().Secrets(metav1.NamespaceAll).List(t.Context(), metav1.ListOptions{})
	require.True(t, apierrors.IsForbidden(err), "reading Secrets everywhere: %v", err)
	_, err = account.CoreV1().ConfigMaps(namespace).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "intruder"}}, metav1.CreateOptions{})
	require.True(t, apierrors.IsForbidden(err), "making a ConfigMap in %s: %v", namespace, err)
	requireMay(t, account, namespace, false)
	requireMay(t, account, metav1.NamespaceAll, false)
}
