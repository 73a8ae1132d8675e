package status

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// protectionCondition says whether spec.deletionProtection has an effect; nil while it is false.
func protectionCondition(o Observation) *metav1.Condition {
	if !o.Cluster.Spec.DeletionProtection {
		return nil
	}
	condition := &metav1.Condition{
		Type: v1alpha1.ConditionDeletionProtected, Status: metav1.ConditionUnknown, Reason: o.Protection.Reason, Message: o.Protection.Message,
	}
	switch o.Protection.Reason {
	case v1alpha1.ReasonPolicyBound:
		condition.Status = metav1.ConditionTrue
	case v1alpha1.ReasonPolicyMissing:
		condition.Status = metav1.ConditionFalse
	}
	return condition
}
