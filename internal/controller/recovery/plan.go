package recovery

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/podissue"
	"github.com/barq-db/barq-operator/internal/requeue"
	"github.com/barq-db/barq-operator/internal/workload"
)

// observation is everything that a reconcile decides upon.
type observation struct {
	cluster *v1alpha1.BarqCluster
	// statefulSet of the BarqCluster; nil while there is none.
	statefulSet *appsv1.StatefulSet
	// pods of the StatefulSet by name.
	pods map[string]*corev1.Pod
	// leaving has the names of the PVCs that are being deleted.
	leaving map[string]bool
}

// plan says which pod is to be replaced.
type plan struct {
	// pod is nil when there is none.
	pod *corev1.Pod
	// reason says why the pod cannot start, in a word of Kubernetes.
	reason string
	// left is when the plan may change although no watched object changes; zero for never.
	left time.Duration
}

// plan returns the pod to replace. Of those that are stuck on a former revision it is the one with the
// highest number, which Kubernetes would replace first. There is none while another pod is being
// created, removed or restarted. There is also none while a pod of the newest revision has not
// answered for spec.minReadySeconds. So the operator takes away at most one pod at a time.
func (o observation) plan(now time.Time) plan {
	if !o.rollsOut() || o.dataAtRisk() {
		return plan{}
	}
	for _, pod := range o.pods {
		if pod.DeletionTimestamp != nil {
			return plan{}
		}
	}
	var found plan
	for ordinal := range *o.statefulSet.Spec.Replicas {
		pod := o.pods[workload.PodName(o.statefulSet.Name, ordinal)]
		if pod == nil {
			return plan{}
		}
		if workload.IsNewest(o.statefulSet, pod) {
			if available, left := o.available(pod, now); !available {
				return plan{left: left}
			}
			continue
		}
		if ordinal < o.partition() {
			continue
		}
		reason, changes := podissue.Stuck(pod, now, o.cluster.Spec.ProgressDeadline())
		if changes.After(now) {
			found.left = requeue.Sooner(found.left, changes.Sub(now))
		}
		if reason != "" && !o.pvcLeaves(pod) {
			found.pod, found.reason = pod, reason
		}
	}
	return found
}

// rollsOut reports whether the StatefulSet controller has seen the newest template, should bring all
// pods to it, and is not done. The current revision does not say so. After an edit was reverted it is
// the newest one, although a pod is of the revision in between.
func (o observation) rollsOut() bool {
	set := o.statefulSet
	return !o.cluster.Spec.Paused && o.cluster.DeletionTimestamp == nil &&
		set != nil && set.DeletionTimestamp == nil && set.Spec.Replicas != nil &&
		workload.Observed(set) &&
		set.Status.UpdateRevision != "" && set.Status.UpdatedReplicas < *set.Spec.Replicas &&
		// The chart sets a partition. Without one, Kubernetes may create a pod in its former revision
		// again.
		set.Spec.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType && set.Spec.UpdateStrategy.RollingUpdate != nil
}

// dataAtRisk reports whether the volumes controller says that data goes when a pod stops. The
// StatefulSet goes on to the other pods after the stuck one was replaced.
func (o observation) dataAtRisk() bool {
	resized := meta.FindStatusCondition(o.cluster.Status.Conditions, v1alpha1.ConditionVolumesResized)
	return resized != nil && resized.Reason == v1alpha1.ReasonDataAtRisk
}

// partition returns the number of the first pod that should have the newest revision.
func (o observation) partition() int32 {
	return ptr.Deref(o.statefulSet.Spec.UpdateStrategy.RollingUpdate.Partition, 0)
}

// pvcLeaves reports whether a volume of the pod goes with the pod.
func (o observation) pvcLeaves(pod *corev1.Pod) bool {
	for i := range o.statefulSet.Spec.VolumeClaimTemplates {
		if o.leaving[o.statefulSet.Spec.VolumeClaimTemplates[i].Name+"-"+pod.Name] {
			return true
		}
	}
	return false
}

// available reports whether the pod has answered for spec.minReadySeconds, and else how long that
// takes if it goes on.
func (o observation) available(pod *corev1.Pod, now time.Time) (bool, time.Duration) {
	if !workload.Ready(pod) {
		return false, 0
	}
	left := workload.AvailableIn(pod, o.statefulSet.Spec.MinReadySeconds, now)
	return left == 0, left
}
