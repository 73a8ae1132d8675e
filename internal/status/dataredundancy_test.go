package status_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/status"
	"github.com/barq-db/barq-operator/test/observation"
)

func TestDataRedundancy(t *testing.T) {
	observed := observation.Running()
	condition := func() *metav1.Condition {
		observation.Store(&observed, status.Compute(observed, now))
		return meta.FindStatusCondition(observed.Cluster.Status.Conditions, v1alpha1.ConditionDataRedundancy)
	}
	require.Equal(t, v1alpha1.ReasonPrimaryOnly, condition().Reason)

	since := condition().LastTransitionTime
	now := now.Add(time.Hour)
	observation.Store(&observed, status.Compute(observed, now))
	require.Equal(t, since, condition().LastTransitionTime, "it is not said anew")

	observed.Cluster.Spec.Topology.Mode = v1alpha1.TopologyIndependent
	require.Equal(t, &metav1.Condition{
		Type: "DataRedundancy", Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonIndependentDatabases,
		Message:            "Barq DB copies nothing between pods. Each of the 3 has data of its own on one volume, and no other pod can stand in for it",
		ObservedGeneration: generation, LastTransitionTime: since,
	}, condition())

	for _, replicas := range []int32{1, 0} {
		observed.Cluster.Spec.Replicas = ptr.To(replicas)
		require.Nil(t, condition(), "%d pods", replicas)
	}
}
