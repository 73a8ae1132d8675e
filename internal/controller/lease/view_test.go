package lease

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
)

func TestView(t *testing.T) {
	secret := &corev1.Secret{}
	secret.Namespace, secret.Name = "team", "keys"
	view := &View{Client: storeOf(t, held("mine", "me"), held("theirs", "them"), held("new", ""), secret), Operator: "me"}

	for name, visible := range map[string]bool{"mine": true, "theirs": false, "new": false} {
		_, err := clusters.Get(t.Context(), view, client.ObjectKey{Namespace: "team", Name: name})
		require.Equal(t, visible, err == nil, "%s: %v", name, err)
		require.Equal(t, !visible, apierrors.IsNotFound(err), "%s: %v", name, err)
	}
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("BarqClusterList"))
	require.NoError(t, view.List(t.Context(), list))
	require.Len(t, list.Items, 1)
	require.Equal(t, "mine", list.Items[0].GetName())

	require.NoError(t, view.Get(t.Context(), client.ObjectKeyFromObject(secret), &corev1.Secret{}), "other kinds are as they are")
	secrets := &corev1.SecretList{}
	require.NoError(t, view.List(t.Context(), secrets))
	require.Len(t, secrets.Items, 1)
}
