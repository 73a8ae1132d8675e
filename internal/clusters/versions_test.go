package clusters

import (
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestVersionsKnowWhatACacheHasNotSeen(t *testing.T) {
	name := types.NamespacedName{Namespace: "team", Name: "db"}
	cached := func(resourceVersion string) *appsv1.StatefulSet {
		set := &appsv1.StatefulSet{}
		set.Namespace, set.Name, set.ResourceVersion = name.Namespace, name.Name, resourceVersion
		return set
	}
	versions := &Versions{}
	require.False(t, versions.Includes(cached("10")), "the last writer is not known")
	versions.Wrote(name, "10")
	require.False(t, versions.Includes(cached("9")))
	require.True(t, versions.Precedes(cached("9")))
	require.False(t, versions.Precedes(cached("10")))
	require.False(t, versions.Precedes(cached("opaque")))
	require.True(t, versions.Includes(cached("10")))
	require.True(t, versions.Includes(cached("100")))
	require.False(t, versions.Includes(cached("opaque")))
	versions.Wrote(name, "")
	require.False(t, versions.Includes(cached("10")))
}
