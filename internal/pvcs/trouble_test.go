package pvcs_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/pvcs/pvcstest"
)

const (
	goingMessage = "PVC data-vectors-1 is being deleted, and Kubernetes deletes its data when pod vectors-1 stops: copy the data first. " +
		"The operator restarts this pod only for a change of the spec"
	lostMessage = "PVC data-vectors-1 has lost its volume pv-1, and pod vectors-1 cannot start again: copy the data that it still answers with. " +
		"The operator restarts this pod only for a change of the spec"
)

func remove(o pvcs.Observation) { pvcstest.Delete(o.PVCs[1]) }

func lose(o pvcs.Observation) { pvcstest.Lose(o.PVCs[1]) }

func TestRisks(t *testing.T) {
	for name, test := range map[string]struct {
		change func(pvcs.Observation)
		want   []string
	}{
		"none":            {func(pvcs.Observation) {}, nil},
		"being deleted":   {remove, []string{goingMessage}},
		"lost":            {lose, []string{lostMessage}},
		"the pod is gone": {func(o pvcs.Observation) { remove(o); delete(o.Pods, "vectors-1") }, nil},
		"the pod stops": {func(o pvcs.Observation) {
			remove(o)
			o.Pods["vectors-1"].DeletionTimestamp = &metav1.Time{Time: pvcstest.Now}
		}, nil},
		"the pod is unready": {func(o pvcs.Observation) { remove(o); pvcstest.Unready(o.Pods["vectors-1"]) }, []string{goingMessage}},
		"scaled away, and the pod is still there": {func(o pvcs.Observation) {
			remove(o)
			*o.Cluster.Spec.Replicas = 1
		}, []string{goingMessage}},
	} {
		t.Run(name, func(t *testing.T) {
			o := pvcstest.Observed()
			test.change(o)
			require.Equal(t, test.want, o.Risks())
		})
	}
}
