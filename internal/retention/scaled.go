package retention

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/pvcs"
)

// scaledAnnotation marks the PVCs of pods that existed while spec.storage.retention.whenScaled was
// Delete. A PVC without the mark is kept: it is older than the setting, or its pod is hibernated, or
// it belonged to a former BarqCluster.
const (
	scaledAnnotation = "barq.db/when-scaled"
	scaledDelete     = string(v1alpha1.RetentionDelete)
)

// Wanted returns the PVC as spec.storage.retention wants it, or nil if the PVC needs no change.
func Wanted(o pvcs.Observation, pvc pvcs.PVC) *corev1.PersistentVolumeClaim {
	tied, mark := isSettled(o) && Tied(o.Cluster, pvc.PVC), isToBeMarked(o, pvc)
	if pvc.DeletionTimestamp != nil || !tied && mark == isMarked(pvc) {
		return nil
	}
	changed := pvc.PersistentVolumeClaim.DeepCopy()
	if tied {
		changed.OwnerReferences = Untied(o.Cluster, pvc.PVC)
	}
	if mark {
		metav1.SetMetaDataAnnotation(&changed.ObjectMeta, scaledAnnotation, scaledDelete)
	} else {
		delete(changed.Annotations, scaledAnnotation)
	}
	return changed
}

// ScaledAway returns the PVCs to delete because a lower number of replicas has removed their pods.
func ScaledAway(o pvcs.Observation) []pvcs.PVC {
	desired := o.Cluster.Spec.DesiredReplicas()
	if !deletesScaled(o.Cluster) || o.Cluster.Spec.Paused || o.Cluster.DeletionTimestamp != nil || !isSettled(o) ||
		o.StatefulSet.Spec.Replicas == nil || *o.StatefulSet.Spec.Replicas != desired {
		return nil
	}
	var found []pvcs.PVC
	for _, pvc := range o.PVCs {
		if pvc.Ordinal >= desired && isMarked(pvc) && pvc.DeletionTimestamp == nil && o.Pods[pvc.Pod] == nil {
			found = append(found, pvc)
		}
	}
	return found
}

// deletesScaled reports whether volumes are deleted with pods that a lower number of replicas removes.
// With 0 replicas the database is hibernated.
func deletesScaled(cluster *v1alpha1.BarqCluster) bool {
	return cluster.Spec.Storage.Retention.WhenScaled == v1alpha1.RetentionDelete && cluster.Spec.DesiredReplicas() > 0
}

// isMarked reports whether the PVC is deleted when a lower number of replicas removes its pod.
func isMarked(pvc pvcs.PVC) bool { return pvc.Annotations[scaledAnnotation] == scaledDelete }

// isToBeMarked reports whether the PVC should have the mark.
func isToBeMarked(o pvcs.Observation, pvc pvcs.PVC) bool {
	return deletesScaled(o.Cluster) && (isMarked(pvc) || pvc.Ordinal < o.Cluster.Spec.DesiredReplicas() || o.Pods[pvc.Pod] != nil)
}

// isSettled reports whether the StatefulSet controller has seen that it keeps all PVCs. Before that it
// would undo the changes.
func isSettled(o pvcs.Observation) bool {
	return o.StatefulSet != nil && Retains(o.StatefulSet) && o.StatefulSet.Status.ObservedGeneration >= o.StatefulSet.Generation
}
