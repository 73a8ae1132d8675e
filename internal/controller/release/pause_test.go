package release

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/barq-db/barq-operator/internal/helm/releasetest"
)

func TestPausedUnlessDeleted(t *testing.T) {
	cluster := func(paused, deleted bool) *unstructured.Unstructured {
		object := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"paused": paused}}}
		if deleted {
			object.SetDeletionTimestamp(&metav1.Time{Time: releasetest.Began})
		}
		return object
	}
	for _, test := range []struct{ paused, deleted, want bool }{
		{false, false, false},
		{true, false, true},
		{true, true, false},
		{false, true, false},
	} {
		got, err := pausedUnlessDeleted(t.Context(), cluster(test.paused, test.deleted))
		require.NoError(t, err)
		require.Equal(t, test.want, got, test)
	}
}
