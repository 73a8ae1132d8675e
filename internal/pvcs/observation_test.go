package pvcs_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/pvcs/pvcstest"
)

func TestInUse(t *testing.T) {
	names := func(found []pvcs.PVC) []string {
		var names []string
		for _, pvc := range found {
			names = append(names, pvc.Pod)
		}
		return names
	}
	o := pvcstest.Observed()
	require.Equal(t, []string{"vectors-0", "vectors-1", "vectors-2"}, names(o.InUse()))
	o.Cluster.Spec.Replicas = ptr.To[int32](1)
	require.Equal(t, []string{"vectors-0"}, names(o.InUse()), "those that were scaled away do not count")
	o.Cluster.Spec.Replicas = ptr.To[int32](0)
	require.Equal(t, []string{"vectors-0", "vectors-1", "vectors-2"}, names(o.InUse()), "those that sleep do")
	require.Empty(t, names(o.Desired()))
}
