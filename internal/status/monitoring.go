package status

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// monitoredCondition says whether Kubernetes can have the PodMonitor that the spec asks for; nil while
// the spec asks for none, or that is unknown.
func monitoredCondition(o Observation) *metav1.Condition {
	switch {
	case !o.Cluster.Spec.Monitoring.PodMonitor.Enabled || o.KnowsPodMonitors == nil:
		return nil
	case *o.KnowsPodMonitors:
		return &metav1.Condition{
			Type: v1alpha1.ConditionMonitored, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonPodMonitorKnown,
			Message: "this Kubernetes cluster knows PodMonitors, so one asks Prometheus to scrape the pods; spec.networkPolicy.from must let a Prometheus of another namespace in",
		}
	default:
		return &metav1.Condition{
			Type: v1alpha1.ConditionMonitored, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonPodMonitorUnknown,
			Message: "no PodMonitor was created, because this Kubernetes cluster does not know that kind; install the Prometheus operator, " +
				"or set spec.monitoring.podMonitor.enabled to false",
		}
	}
}
