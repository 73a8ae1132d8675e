package secrets_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/secrets"
)

const namesSpec = `{serviceAccount: {create: false, name: search}, priorityClassName: databases}`

// known is a watch that has seen some objects.
type known []string

func (k known) Version(name types.NamespacedName) string {
	for _, one := range k {
		if one == name.String() {
			return "1"
		}
	}
	return ""
}

func TestWhatTheSpecNamesForPods(t *testing.T) {
	const (
		noAccount = `ServiceAccount "search", which spec.serviceAccount.name names, does not exist; create it, or remove create: false`
		noClass   = `PriorityClass "databases", which spec.priorityClassName names, does not exist; create it, or name one that does`
	)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "search"}}
	class := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "databases"}}

	s, resolver := newStore(t)
	resolver.Accounts = known{"other/search"}
	found := s.resolve(t, resolver, namesSpec)
	require.Equal(t, []string{noAccount, noClass}, found.Missing)
	require.True(t, found.HoldsBack())
	require.True(t, found.Unwatched, "nothing tells of a PriorityClass")
	require.Empty(t, found.Problems)
	require.EqualError(t, secrets.HeldBack(found), "held back until what the spec names exists: "+noAccount+"; "+noClass)
	require.Equal(t, v1alpha1.ReasonReferenceMissing, found.Reason())

	require.NoError(t, s.Create(t.Context(), class))
	found = s.resolve(t, resolver, namesSpec)
	require.Equal(t, []string{noAccount}, found.Missing)
	require.False(t, found.Unwatched)

	require.NoError(t, s.Create(t.Context(), account))
	require.False(t, s.resolve(t, resolver, namesSpec).HoldsBack(), "the watch has not seen it yet")
	resolver.Accounts = known{"team/search"}
	before := s.reads
	require.False(t, s.resolve(t, resolver, namesSpec).HoldsBack())
	require.Equal(t, before, s.reads, "what is there costs no request")

	// The operator creates the account itself.
	resolver.Accounts = known{}
	require.False(t, s.resolve(t, resolver, `serviceAccount: {name: made}`).HoldsBack())
}

// An operator that may not read PriorityClasses takes them for granted, and other errors are passed on.
func TestWhatCannotBeReadIsNotCalledMissing(t *testing.T) {
	s, resolver := newStore(t)
	resolver.Accounts = known{"team/search"}
	s.fail = errors.New("connection refused")
	_, err := resolver.Resolve(t.Context(), clusterOf(t, namesSpec))
	require.EqualError(t, err, `reading PriorityClass "databases": connection refused`)
	s.fail = apierrors.NewForbidden(schema.GroupResource{Resource: "priorityclasses"}, "databases", nil)
	require.False(t, s.resolve(t, resolver, namesSpec).HoldsBack())
	resolver.Accounts = known{}
	_, err = resolver.Resolve(t.Context(), clusterOf(t, namesSpec))
	require.ErrorContains(t, err, `reading ServiceAccount "search": `)
}
