package monitoring

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Condition says whether Kubernetes can have the monitor that the spec asks for. It is nil while the spec asks for none. What the
// Kubernetes cluster knows is nil while that is unknown, and then the condition is nil too.
func Condition(asked v1alpha1.MonitoringSpec, knowsPodMonitors, knowsServiceMonitors *bool) *metav1.Condition {
	switch {
	case asked.PodMonitor.Enabled:
		return monitored("PodMonitor", "spec.monitoring.podMonitor", knowsPodMonitors, v1alpha1.ReasonPodMonitorKnown, v1alpha1.ReasonPodMonitorUnknown)
	case asked.ServiceMonitor.Enabled:
		return monitored("ServiceMonitor", "spec.monitoring.serviceMonitor", knowsServiceMonitors, v1alpha1.ReasonServiceMonitorKnown, v1alpha1.ReasonServiceMonitorUnknown)
	default:
		return nil
	}
}

func monitored(kind, field string, knows *bool, known, unknown string) *metav1.Condition {
	switch {
	case knows == nil:
		return nil
	case *knows:
		return &metav1.Condition{
			Type: v1alpha1.ConditionMonitored, Status: metav1.ConditionTrue, Reason: known,
			Message: fmt.Sprintf("this Kubernetes cluster knows %ss, so one asks Prometheus to scrape the pods; spec.networkPolicy.from must let a Prometheus of another namespace in", kind),
		}
	default:
		return &metav1.Condition{
			Type: v1alpha1.ConditionMonitored, Status: metav1.ConditionFalse, Reason: unknown,
			Message: fmt.Sprintf("no %s was created, because this Kubernetes cluster does not know that kind; install the Prometheus operator, or set %s.enabled to false", kind, field),
		}
	}
}
