package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// requireConfined shows by the operator's own token that it may do its work in one namespace, and
// neither read nor write in any other.
func requireConfined(t *testing.T, inside, outside string) {
	t.Helper()
	operator := withTokenOf(t, operatorNamespace, operatorName)
	const all = ""
	for _, test := range []struct {
		verb, group, resource, namespace string
		allowed                          bool
	}{
		{"list", v1alpha1.GroupVersion.Group, "barqclusters", inside, true},
		{"patch", v1alpha1.GroupVersion.Group, "barqclusters/status", inside, true},
		{"create", "apps", "statefulsets", inside, true},
		{"create", "", "secrets", inside, true},
		{"patch", "", "persistentvolumeclaims", inside, true},
		{"delete", "", "pods", inside, true},
		{"update", "coordination.k8s.io", "leases", operatorNamespace, true},
		{"create", "authentication.k8s.io", "tokenreviews", all, true},

		{"list", v1alpha1.GroupVersion.Group, "barqclusters", outside, false},
		{"patch", v1alpha1.GroupVersion.Group, "barqclusters/status", outside, false},
		{"create", "apps", "statefulsets", outside, false},
		{"get", "", "secrets", outside, false},
		{"create", "", "secrets", outside, false},
		{"patch", "", "persistentvolumeclaims", outside, false},
		{"delete", "", "pods", outside, false},
		{"create", "", "events", outside, false},
		{"update", "coordination.k8s.io", "leases", outside, false},

		{"list", v1alpha1.GroupVersion.Group, "barqclusters", all, false},
		{"get", "", "secrets", all, false},
		{"get", "", "secrets", operatorNamespace, false},
		{"get", "", "secrets", "kube-system", false},
		{"get", "", "namespaces", all, false},
		{"get", "", "nodes", all, false},
		{"create", "", "pods", inside, false},
		{"create", "", "pods/exec", inside, false},
		{"delete", "", "persistentvolumeclaims", inside, false},
		{"delete", v1alpha1.GroupVersion.Group, "barqclusters", inside, false},
		{"create", "rbac.authorization.k8s.io", "rolebindings", inside, false},
		{"impersonate", "", "serviceaccounts", inside, false},
		{"create", "", "serviceaccounts/token", inside, false},
	} {
		review, err := operator.AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: test.namespace, Verb: test.verb, Group: test.group, Resource: test.resource,
			}},
		}, metav1.CreateOptions{})
		require.NoError(t, err)
		require.Equal(t, test.allowed, review.Status.Allowed, "%+v", test)
	}

	// The same in deeds.
	_, err := operator.CoreV1().Secrets(inside).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	_, err = operator.CoreV1().Secrets(outside).List(t.Context(), metav1.ListOptions{})
	require.True(t, apierrors.IsForbidden(err), err)
	_, err = operator.CoreV1().ConfigMaps(outside).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}}, metav1.CreateOptions{})
	require.True(t, apierrors.IsForbidden(err), err)
}

// withTokenOf gives a client that is nothing but the account.
func withTokenOf(t *testing.T, namespace, account string) *kubernetes.Clientset {
	t.Helper()
	token, err := clientset.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	require.NoError(t, err)
	config := rest.AnonymousClientConfig(restConfig)
	config.BearerToken = token.Status.Token
	config.QPS, config.Burst = restConfig.QPS, restConfig.Burst
	found, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	return found
}
