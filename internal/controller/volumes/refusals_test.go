package volumes

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

var claimResource = schema.GroupResource{Resource: "persistentvolumeclaims"}

func TestIsRefusal(t *testing.T) {
	for _, err := range []error{
		apierrors.NewForbidden(claimResource, "x", errors.New("no")),
		apierrors.NewInvalid(schema.GroupKind{Kind: "PersistentVolumeClaim"}, "x", nil),
		apierrors.NewBadRequest("admission webhook denied the request"),
	} {
		require.True(t, isRefusal(err), err)
	}
	for _, err := range []error{
		nil,
		apierrors.NewConflict(claimResource, "x", errors.New("changed")),
		apierrors.NewNotFound(claimResource, "x"),
		apierrors.NewTooManyRequests("wait", 1),
		apierrors.NewServiceUnavailable("starting"),
	} {
		require.False(t, isRefusal(err), err)
	}
}

func TestARefusalStandsUntilSomethingIsNew(t *testing.T) {
	claim := claimOf("data-vectors-0", "10Gi", "10Gi")
	refused := newRefusal(errors.New("no"), claim, generation, now)
	require.True(t, refused.stands(claim, generation, now.Add(refusedAgainAfter-1)))
	require.False(t, refused.stands(claim, generation, now.Add(refusedAgainAfter)), "after a while it is tried again")
	require.False(t, refused.stands(claim, generation+1, now), "another spec")
	changed := claim.DeepCopy()
	changed.ResourceVersion = "2"
	require.False(t, refused.stands(changed, generation, now), "another claim")
}

func TestRefusalsAreForgotten(t *testing.T) {
	var remembered refusals
	one, other := types.NamespacedName{Name: "one"}, types.NamespacedName{Name: "other"}
	require.Empty(t, remembered.of(one))
	found := map[types.UID]refusal{"a": {until: now.Add(time.Minute)}}
	remembered.replace(one, found)
	require.Equal(t, found, remembered.of(one))
	require.Empty(t, remembered.of(other))
	remembered.replace(one, nil)
	require.Empty(t, remembered.byCluster, "nothing is kept of a BarqCluster without refusals")
}
