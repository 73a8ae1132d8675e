package clusters

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// AppliedGeneration returns the generation for which the release controller says that nothing is left
// to do, or zero. The condition Deployed alone does not say so: it stays True when the newest release
// failed.
func AppliedGeneration(conditions []metav1.Condition) int64 {
	deployed := meta.FindStatusCondition(conditions, v1alpha1.ConditionDeployed)
	if deployed == nil || deployed.Status != metav1.ConditionTrue ||
		meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReleaseFailed) ||
		meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionIrreconcilable) {
		return 0
	}
	return deployed.ObservedGeneration
}
