package retention

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/pvcs"
)

// scaledAnnotation marks the PVCs of pods that were there while spec.storage.retention.whenScaled was Delete. Without the mark a
// PVC is kept: it is from before that, or its pod sleeps, or it is a former BarqCluster's.
const (
	scaledAnnotation = "barq.db/when-scaled"
	scaledDelete     = string(v1alpha1.RetentionDelete)
)

// Wanted returns the PVC as spec.storage.retention wants it, or nil if it is so.
func Wanted(o pvcs.Observation, pvc pvcs.PVC) *corev1.PersistentVolumeClaim {
	tied, mark := isSettled(o) && Tied(o.Cluster, pvc.Claim), isToBeMarked(o, pvc)
	if pvc.DeletionTimestamp != nil || !tied && mark == isMarked(pvc) {
		return nil
	}
	changed := pvc.PersistentVolumeClaim.DeepCopy()
	if tied {
		changed.OwnerReferences = Untied(o.Cluster, pvc.Claim)
	}
	if mark {
		metav1.SetMetaDataAnnotation(&changed.ObjectMeta, scaledAnnotation, scaledDelete)
	} else {
		delete(changed.Annotations, scaledAnnotation)
	}
	return changed
}

// ScaledAway returns the PVCs whose pods a lower number has removed, and that go with them.
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

// deletesScaled reports whether volumes go with pods that a lower number removes. 0 pods are a database that sleeps.
func deletesScaled(cluster *v1alpha1.BarqCluster) bool {
	return cluster.Spec.Storage.Retention.WhenScaled == v1alpha1.RetentionDelete && cluster.Spec.DesiredReplicas() > 0
}

// isMarked reports whether the PVC goes when a lower number removes its pod.
func isMarked(pvc pvcs.PVC) bool { return pvc.Annotations[scaledAnnotation] == scaledDelete }

// isToBeMarked reports whether the PVC is to have the mark.
func isToBeMarked(o pvcs.Observation, pvc pvcs.PVC) bool {
	return deletesScaled(o.Cluster) && (isMarked(pvc) || pvc.Ordinal < o.Cluster.Spec.DesiredReplicas() || o.Pods[pvc.Pod] != nil)
}

// isSettled reports whether the controller of the StatefulSet has seen that it keeps all PVCs. Before that it would undo what is done.
func isSettled(o pvcs.Observation) bool {
	return o.StatefulSet != nil && Retains(o.StatefulSet) && o.StatefulSet.Status.ObservedGeneration >= o.StatefulSet.Generation
}
