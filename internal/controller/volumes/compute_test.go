package volumes

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/growth"
	"github.com/barq-db/barq-operator/internal/pvcs/pvcstest"
	"github.com/barq-db/barq-operator/internal/retention"
)

func TestCompute(t *testing.T) {
	o := pvcstest.Observed()
	o.Cluster.Spec.Storage.Retention.Reclaim = v1alpha1.ReclaimRetain
	plan := growth.PlanRestarts(o, pvcstest.Now)
	resized, retained := growth.Condition(o, plan, pvcstest.Now), *retention.Condition(o)
	resized.Type, retained.Type = "VolumesResized", "VolumesRetained"
	for _, condition := range []*metav1.Condition{&resized, &retained} {
		condition.ObservedGeneration, condition.LastTransitionTime = pvcstest.Generation, metav1.NewTime(pvcstest.Now)
	}
	require.Equal(t, ownStatus{Storage: growth.Storage(o), Conditions: []metav1.Condition{resized, retained}}, compute(o, plan, pvcstest.Now))

	o.Cluster.Status.Conditions = []metav1.Condition{resized, retained}
	o.Cluster.Spec.Storage.Retention.Reclaim = ""
	require.Equal(t, []metav1.Condition{resized}, compute(o, plan, pvcstest.Now).Conditions, "nothing is said of what is not asked for")
}

// Computing a status again from itself must not change it, or it would be written for ever.
func TestComputeIsStable(t *testing.T) {
	o := pvcstest.Observed()
	first := compute(o, growth.Restarts{}, pvcstest.Now)
	o.Cluster.Status.Storage, o.Cluster.Status.Conditions = first.Storage, first.Conditions
	require.Equal(t, first, compute(o, growth.Restarts{}, pvcstest.Now.Add(time.Hour)))
	require.Equal(t, first, storedStatus(o.Cluster))
}
