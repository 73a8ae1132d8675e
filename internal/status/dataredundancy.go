package status

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// redundancyCondition says that more pods are not more copies of the data; nil while the spec asks for
// at most one pod.
func redundancyCondition(o Observation) *metav1.Condition {
	pods := o.Cluster.Spec.DesiredReplicas()
	if pods <= 1 {
		return nil
	}
	condition := &metav1.Condition{Type: v1alpha1.ConditionDataRedundancy, Status: metav1.ConditionFalse}
	if o.independent() {
		condition.Reason = v1alpha1.ReasonIndependentDatabases
		condition.Message = fmt.Sprintf(
			"Barq DB copies nothing between pods. Each of the %d has data of its own on one volume, and no other pod can stand in for it", pods)
		return condition
	}
	condition.Reason = v1alpha1.ReasonPrimaryOnly
	condition.Message = fmt.Sprintf(
		"Barq DB copies nothing between pods. Of the %d pods only %s holds data and answers clients, and no other can stand in for it",
		pods, o.primary())
	return condition
}
