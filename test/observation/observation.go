package observation

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/status"
)

// Now is when the status is computed.
var Now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Generation is that of the BarqCluster.
const Generation = 4

// Ago is a time as Kubernetes stores it.
func Ago(age time.Duration) metav1.Time { return metav1.NewTime(Now.Add(-age)) }

// Running is a BarqCluster of three pods that all answer.
func Running() status.Observation {
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name, cluster.Generation = "team", "vectors", Generation
	cluster.Spec.Replicas = ptr.To[int32](3)
	cluster.Status.AppliedSpecHash = "sum"
	meta.SetStatusCondition(&cluster.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionDeployed, Status: metav1.ConditionTrue, Reason: "Test", ObservedGeneration: Generation,
	})

	set := &appsv1.StatefulSet{}
	set.Namespace, set.Name, set.Generation = "team", "vectors", 2
	set.Spec.Replicas = ptr.To[int32](3)
	set.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/instance": "vectors"}}
	set.Spec.Template.Spec.Containers = []corev1.Container{{Name: "barq-db", Image: "example.com/barq-db:1"}}
	set.Status = appsv1.StatefulSetStatus{
		ObservedGeneration: 2, Replicas: 3, ReadyReplicas: 3, AvailableReplicas: 3, UpdatedReplicas: 3,
		CurrentRevision: "b", UpdateRevision: "b",
	}
	observed := status.Observation{
		Cluster: cluster, StatefulSet: set, SpecHash: "sum",
		Pods: []corev1.Pod{Answering("vectors-0"), Answering("vectors-1"), Answering("vectors-2")},
	}
	SetCondition(&observed, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached, "", Generation)
	return observed
}

// Replacing is the same while its pods are replaced, beginning with vectors-2.
func Replacing() status.Observation {
	observed := Running()
	observed.StatefulSet.Status.CurrentRevision, observed.StatefulSet.Status.UpdatedReplicas = "a", 1
	return observed
}

// Lose replaces pods that answer by ones that do not.
func Lose(o *status.Observation, pods ...corev1.Pod) {
	for _, lost := range pods {
		for i := range o.Pods {
			if o.Pods[i].Name == lost.Name {
				o.Pods[i] = lost
			}
		}
	}
	o.StatefulSet.Status.ReadyReplicas -= int32(len(pods))
	o.StatefulSet.Status.AvailableReplicas -= int32(len(pods))
}

// Answering is a pod that has been Ready for an hour.
func Answering(name string) corev1.Pod {
	pod := Pod(name, Started(0))
	pod.Status.ContainerStatuses[0].Ready = true
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: Ago(time.Hour)}}
	return pod
}

// newest are the labels of a pod of the newest revision.
func newest() map[string]string { return map[string]string{appsv1.StatefulSetRevisionLabel: "b"} }

// Pod is a pod that was made half a minute ago and does not answer.
func Pod(name string, containers ...corev1.ContainerStatus) corev1.Pod {
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: newest(), CreationTimestamp: Ago(30 * time.Second)}}
	pod.Spec.NodeName = "node-a"
	pod.Status.ContainerStatuses = containers
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: Ago(30 * time.Second)}}
	return pod
}

// Withheld is a pod whose containers are ready, and that is not Ready for the given reason, since twenty seconds.
func Withheld(name, reason, message string) corev1.Pod {
	pod := Answering(name)
	pod.Status.Conditions = []corev1.PodCondition{
		{Type: corev1.PodReady, Status: corev1.ConditionFalse, Reason: reason, Message: message, LastTransitionTime: Ago(20 * time.Second)},
		{Type: corev1.ContainersReady, Status: corev1.ConditionTrue, LastTransitionTime: Ago(time.Hour)},
	}
	return pod
}

// Unscheduled is a pod that has had no node for that long.
func Unscheduled(name string, age time.Duration) corev1.Pod {
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: newest(), CreationTimestamp: Ago(age)}}
	pod.Status.Conditions = []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available",
		LastTransitionTime: Ago(age),
	}}
	return pod
}

// Waiting is a container that waits for that reason.
func Waiting(reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: "barq-db", State: corev1.ContainerState{
		Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message},
	}}
}

// Started is a container that runs, and has been restarted that often.
func Started(restarts int32) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: "barq-db", RestartCount: restarts, State: corev1.ContainerState{
		Running: &corev1.ContainerStateRunning{},
	}}
}

// SetCondition gives the BarqCluster a condition.
func SetCondition(o *status.Observation, name string, value metav1.ConditionStatus, reason, message string, generation int64) {
	meta.SetStatusCondition(&o.Cluster.Status.Conditions, metav1.Condition{
		Type: name, Status: value, Reason: reason, Message: message, ObservedGeneration: generation,
	})
}

// Store gives the BarqCluster the computed status, beside what others wrote.
func Store(o *status.Observation, computed v1alpha1.BarqClusterStatus) {
	o.Cluster = o.Cluster.DeepCopy()
	for _, name := range []string{
		v1alpha1.ConditionIrreconcilable, v1alpha1.ConditionReleaseFailed, v1alpha1.ConditionDeployed, v1alpha1.ConditionVolumesResized,
	} {
		if condition := meta.FindStatusCondition(o.Cluster.Status.Conditions, name); condition != nil {
			computed.Conditions = append(computed.Conditions, *condition)
		}
	}
	o.Cluster.Status = computed
}

// Crashing is a pod that was made half a minute ago and has ended that many times
// since, the last time a second ago.
func Crashing(name string, ends int32) corev1.Pod {
	container := Waiting("CrashLoopBackOff", "back-off 10s restarting failed container")
	container.RestartCount = ends - 1
	container.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{
		ExitCode: 1, Reason: "Error", StartedAt: Ago(2 * time.Second), FinishedAt: Ago(time.Second),
	}
	return Pod(name, container)
}

// CrashLoop is what the status says about it.
func CrashLoop(name string) string {
	return "pod " + name + ": CrashLoopBackOff: it exited with code 1 (Error) " +
		"(waiting for it to start and keep running; kubectl logs " + name + " --previous shows why it exited)"
}

// Scale is a StatefulSet that has that many pods, as was asked for.
func Scale(o *status.Observation, replicas int32) {
	o.Cluster.Spec.Replicas, o.StatefulSet.Spec.Replicas = ptr.To(replicas), ptr.To(replicas)
	o.StatefulSet.Status.Replicas, o.StatefulSet.Status.ReadyReplicas = replicas, replicas
	o.StatefulSet.Status.AvailableReplicas, o.StatefulSet.Status.UpdatedReplicas = replicas, replicas
}
