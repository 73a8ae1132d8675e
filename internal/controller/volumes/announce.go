package volumes

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/pvcs"
)

// announce records an event when volumes may not or cannot grow, once for each spec. It also records
// one when data is at risk, and when all volumes have grown. It compares with the stored condition, so
// a restarted operator does not repeat events.
func (r *Reconciler) announce(cluster *v1alpha1.BarqCluster, stored, computed *metav1.Condition) {
	switch computed.Reason {
	case v1alpha1.ReasonResizeRefused, v1alpha1.ReasonResizeFailed:
		if stored == nil || stored.Reason != computed.Reason || stored.ObservedGeneration != computed.ObservedGeneration {
			r.Events.Eventf(cluster, nil, corev1.EventTypeWarning, computed.Reason, "Resize", "%s", computed.Message)
		}
	case v1alpha1.ReasonVolumesDiffer:
		if stored == nil || stored.Reason != computed.Reason {
			r.Events.Eventf(cluster, nil, corev1.EventTypeWarning, computed.Reason, "Observe", "%s", computed.Message)
		}
	case v1alpha1.ReasonDataAtRisk:
		if stored == nil || stored.Reason != computed.Reason || stored.Message != computed.Message {
			r.Events.Eventf(cluster, nil, corev1.EventTypeWarning, computed.Reason, "Observe", "%s", computed.Message)
		}
	case v1alpha1.ReasonSizeReached:
		if stored != nil && stored.Status == metav1.ConditionFalse {
			r.Events.Eventf(cluster, nil, corev1.EventTypeNormal, computed.Reason, "Resize", "%s", computed.Message)
		}
	}
}

// announceUnkept records an event when the operator cannot set volumes to stay, once for each spec.
func (r *Reconciler) announceUnkept(cluster *v1alpha1.BarqCluster, stored, computed *metav1.Condition) {
	if computed == nil || computed.Reason != v1alpha1.ReasonRetainRefused {
		return
	}
	if stored == nil || stored.Reason != computed.Reason || stored.ObservedGeneration != computed.ObservedGeneration {
		r.Events.Eventf(cluster, nil, corev1.EventTypeWarning, computed.Reason, "Retain", "%s", pvcs.Excerpt(computed.Message))
	}
}
