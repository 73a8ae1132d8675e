package status_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/status"
	"github.com/barq-db/barq-operator/test/observation"
)

func TestMonitored(t *testing.T) {
	observed := observation.Running()
	condition := func(asked bool, knows *bool) *metav1.Condition {
		observed.Cluster.Spec.Monitoring.PodMonitor.Enabled, observed.KnowsPodMonitors = asked, knows
		observation.Store(&observed, status.Compute(observed, now))
		return meta.FindStatusCondition(observed.Cluster.Status.Conditions, v1alpha1.ConditionMonitored)
	}
	require.Nil(t, condition(false, ptr.To(false)))
	require.Nil(t, condition(true, nil), "nothing is known yet")
	unknown := condition(true, ptr.To(false))
	require.Equal(t, &metav1.Condition{
		Type: "Monitored", Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonPodMonitorUnknown,
		Message: "no PodMonitor was created, because this Kubernetes cluster does not know that kind; install the Prometheus operator, " +
			"or set spec.monitoring.podMonitor.enabled to false",
		ObservedGeneration: generation, LastTransitionTime: unknown.LastTransitionTime,
	}, unknown)
	require.Equal(t, metav1.ConditionTrue, condition(true, ptr.To(true)).Status)
	require.Nil(t, condition(false, ptr.To(true)), "it goes with the wish for it")

	observed.Cluster.Spec.Monitoring.ServiceMonitor.Enabled = true
	require.Nil(t, condition(false, ptr.To(true)), "that it knows another kind says nothing")
	observed.KnowsServiceMonitors = ptr.To(true)
	require.Equal(t, v1alpha1.ReasonServiceMonitorKnown, condition(false, nil).Reason)
	observed.KnowsServiceMonitors = ptr.To(false)
	require.Equal(t, "no ServiceMonitor was created, because this Kubernetes cluster does not know that kind; install the Prometheus operator, "+
		"or set spec.monitoring.serviceMonitor.enabled to false", condition(false, ptr.To(true)).Message)
}
