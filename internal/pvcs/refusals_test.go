package pvcs

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

var pvcResource = schema.GroupResource{Resource: "persistentvolumeclaims"}

func TestIsRefusal(t *testing.T) {
	for _, err := range []error{
		apierrors.NewForbidden(pvcResource, "x", errors.New("no")),
		apierrors.NewInvalid(schema.GroupKind{Kind: "PersistentVolumeClaim"}, "x", nil),
		apierrors.NewBadRequest("admission webhook denied the request"),
	} {
		require.True(t, IsRefusal(err), err)
	}
	for _, err := range []error{
		nil,
		apierrors.NewConflict(pvcResource, "x", errors.New("changed")),
		apierrors.NewNotFound(pvcResource, "x"),
		apierrors.NewTooManyRequests("wait", 1),
		apierrors.NewServiceUnavailable("starting"),
	} {
		require.False(t, IsRefusal(err), err)
	}
}

func TestARefusalStandsUntilSomethingIsNew(t *testing.T) {
	pvc := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "1"}}
	now := time.Now()
	refused := NewRefusal(errors.New("no"), pvc, 4, now)
	require.True(t, refused.Stands(pvc, 4, now.Add(RefusedAgainAfter-1)))
	require.False(t, refused.Stands(pvc, 4, now.Add(RefusedAgainAfter)), "after a while it is tried again")
	require.False(t, refused.Stands(pvc, 5, now), "another spec")
	changed := pvc.DeepCopy()
	changed.ResourceVersion = "2"
	require.False(t, refused.Stands(changed, 4, now), "another PVC")
}

func TestRefusalsAreForgotten(t *testing.T) {
	var remembered Refusals
	one, other := types.NamespacedName{Name: "one"}, types.NamespacedName{Name: "other"}
	require.Empty(t, remembered.Of(one))
	found := map[types.UID]Refusal{"a": {Until: time.Now().Add(time.Minute)}}
	remembered.Replace(one, found)
	require.Equal(t, found, remembered.Of(one))
	require.Empty(t, remembered.Of(other))
	remembered.Replace(one, nil)
	require.Empty(t, remembered.byCluster, "nothing is kept of a BarqCluster without refusals")
}
