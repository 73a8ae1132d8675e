package upgrade

import (
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
)

// DataAtRisk reports whether the volumes controller says in the status that stopping a pod would delete data.
func DataAtRisk(cluster client.Object) bool {
	return says(cluster, v1alpha1.ConditionVolumesResized, v1alpha1.ReasonDataAtRisk)
}

// WasQueued reports whether the status says that a change is queued.
func WasQueued(cluster client.Object) bool {
	return says(cluster, v1alpha1.ConditionChangesPending, v1alpha1.ReasonRolloutQueued)
}

// says reports whether a condition of the BarqCluster has a reason. A status that cannot be read says nothing.
func says(cluster client.Object, name, reason string) bool {
	object, ok := cluster.(*unstructured.Unstructured)
	if !ok {
		return false
	}
	conditions, err := releasestatus.ConditionsOf(object)
	condition := meta.FindStatusCondition(conditions, name)
	return err == nil && condition != nil && condition.Reason == reason
}
