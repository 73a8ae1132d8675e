package recovery

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

var now = time.Date(2026, time.January, 2, 12, 0, 0, 0, time.UTC)

// ago is a time before now.
func ago(d time.Duration) metav1.Time { return metav1.NewTime(now.Add(-d)) }

// podOf returns a pod of a revision that has a node and does not answer.
func podOf(ordinal int, revision string) *corev1.Pod {
	pod := &corev1.Pod{}
	pod.Namespace, pod.Name = "team", fmt.Sprintf("vectors-%d", ordinal)
	pod.UID = types.UID(pod.Name + " of " + revision)
	pod.Labels = map[string]string{appsv1.StatefulSetRevisionLabel: revision}
	pod.CreationTimestamp = ago(time.Minute)
	pod.Status.Phase = corev1.PodPending
	pod.Status.Conditions = []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: ago(time.Minute)},
		{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: ago(time.Minute)},
	}
	return pod
}

// ready returns a pod that answers.
func ready(ordinal int, revision string) *corev1.Pod {
	pod := podOf(ordinal, revision)
	pod.Status.Phase = corev1.PodRunning
	pod.Status.Conditions[1].Status = corev1.ConditionTrue
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "barq-db", Ready: true, State: running()}}
	return pod
}

// unanswered returns a pod that answered until its node stopped answering.
func unanswered(ordinal int, revision string) *corev1.Pod {
	pod := ready(ordinal, revision)
	pod.Status.Reason = "NodeLost"
	pod.Status.Conditions[1].Status = corev1.ConditionFalse
	return pod
}

// with returns a pod whose database has the given state.
func with(ordinal int, revision string, database corev1.ContainerStatus) *corev1.Pod {
	pod := podOf(ordinal, revision)
	database.Name = "barq-db"
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{database}
	return pod
}

func running() corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: ago(time.Minute)}}
}

func waiting(reason string) corev1.ContainerStatus {
	return corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}}
}

// ended returns a container that has ended and has been in the given state since.
func ended(state corev1.ContainerState) corev1.ContainerStatus {
	return corev1.ContainerStatus{
		State: state, RestartCount: 3,
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, StartedAt: ago(30 * time.Second), FinishedAt: ago(20 * time.Second)}},
	}
}

func stuckOn(revision string, ordinal int) *corev1.Pod {
	return with(ordinal, revision, waiting("ImagePullBackOff"))
}

// observed returns a BarqCluster with pods, whose StatefulSet should bring them to the revision new.
func observed(pods ...*corev1.Pod) observation {
	o := observation{cluster: &v1alpha1.BarqCluster{}, statefulSet: &appsv1.StatefulSet{}, pods: map[string]*corev1.Pod{}, leaving: map[string]bool{}}
	o.cluster.Namespace, o.cluster.Name, o.cluster.UID = "team", "vectors", "uid of the cluster"
	o.cluster.Generation = 2
	set := o.statefulSet
	set.Namespace, set.Name, set.UID, set.Generation = "team", "vectors", "uid of the set", 2
	set.Spec.Replicas = ptr.To(int32(len(pods)))
	set.Spec.MinReadySeconds = 5
	set.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{
		Type: appsv1.RollingUpdateStatefulSetStrategyType, RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: ptr.To[int32](0)},
	}
	set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: "data"}}}
	set.Status = appsv1.StatefulSetStatus{ObservedGeneration: 2, CurrentRevision: "old", UpdateRevision: "new", Replicas: int32(len(pods))}
	for _, pod := range pods {
		if pod.Labels[appsv1.StatefulSetRevisionLabel] == "new" {
			set.Status.UpdatedReplicas++
		}
		o.pods[pod.Name] = pod
	}
	return o
}

// chosen returns the name of the pod to replace, and why.
func chosen(found plan) string {
	if found.pod == nil {
		return ""
	}
	return found.pod.Name + ": " + found.reason
}

func TestAPodThatIsStuckOnAFormerRevisionIsReplaced(t *testing.T) {
	unscheduled := func(since time.Duration) *corev1.Pod {
		pod := podOf(0, "old")
		pod.Status.Conditions[0] = corev1.PodCondition{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, LastTransitionTime: ago(since),
		}
		return pod
	}
	initContainer := func(status corev1.ContainerStatus) *corev1.Pod {
		pod := with(0, "old", waiting("PodInitializing"))
		pod.Status.InitContainerStatuses = []corev1.ContainerStatus{status}
		return pod
	}
	for name, test := range map[string]struct {
		pods []*corev1.Pod
		want string
	}{
		"an image that is not there":              {[]*corev1.Pod{with(0, "old", waiting("ErrImagePull"))}, "vectors-0: ErrImagePull"},
		"the same a moment later":                 {[]*corev1.Pod{stuckOn("old", 0)}, "vectors-0: ImagePullBackOff"},
		"a name that is none":                     {[]*corev1.Pod{with(0, "old", waiting("InvalidImageName"))}, "vectors-0: InvalidImageName"},
		"a ConfigMap that is not there":           {[]*corev1.Pod{with(0, "old", waiting("CreateContainerConfigError"))}, "vectors-0: CreateContainerConfigError"},
		"a command that is not there":             {[]*corev1.Pod{with(0, "old", waiting("RunContainerError"))}, "vectors-0: RunContainerError"},
		"it ended, and waits to be started again": {[]*corev1.Pod{with(0, "old", ended(waiting("CrashLoopBackOff").State))}, "vectors-0: CrashLoopBackOff"},
		"it ended, and was started again":         {[]*corev1.Pod{with(0, "old", ended(running()))}, ""},
		"an init container that ends": {
			[]*corev1.Pod{initContainer(ended(waiting("CrashLoopBackOff").State))}, "vectors-0: CrashLoopBackOff",
		},
		"an init container that was started again": {[]*corev1.Pod{initContainer(ended(running()))}, ""},
		"no node":                            {[]*corev1.Pod{unscheduled(time.Minute)}, "vectors-0: Unschedulable"},
		"no node yet":                        {[]*corev1.Pod{unscheduled(time.Second)}, ""},
		"containers that are being made":     {[]*corev1.Pod{with(0, "old", waiting("ContainerCreating"))}, ""},
		"it reads its data":                  {[]*corev1.Pod{with(0, "old", corev1.ContainerStatus{State: running()})}, ""},
		"its node does not answer":           {[]*corev1.Pod{unanswered(0, "old")}, ""},
		"it answers":                         {[]*corev1.Pod{ready(0, "old")}, ""},
		"the newest revision does not start": {[]*corev1.Pod{stuckOn("new", 0)}, ""},

		"only the last follower":              {[]*corev1.Pod{ready(0, "older"), ready(1, "older"), stuckOn("old", 2)}, "vectors-2: ImagePullBackOff"},
		"only the primary":                    {[]*corev1.Pod{stuckOn("old", 0), ready(1, "old"), ready(2, "old")}, "vectors-0: ImagePullBackOff"},
		"all: the last one first":             {[]*corev1.Pod{stuckOn("old", 0), stuckOn("old", 1), stuckOn("old", 2)}, "vectors-2: ImagePullBackOff"},
		"the next one, when the last answers": {[]*corev1.Pod{stuckOn("old", 0), stuckOn("old", 1), ready(2, "new")}, "vectors-1: ImagePullBackOff"},
		"none while the last one starts":      {[]*corev1.Pod{stuckOn("old", 0), stuckOn("old", 1), podOf(2, "new")}, ""},
		"none while the last one is stuck":    {[]*corev1.Pod{stuckOn("old", 0), stuckOn("old", 1), stuckOn("new", 2)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, chosen(observed(test.pods...).plan(now)))
		})
	}
}

func TestWhenNoPodIsReplaced(t *testing.T) {
	for name, change := range map[string]func(*observation){
		"paused":                        func(o *observation) { o.cluster.Spec.Paused = true },
		"the BarqCluster goes":          func(o *observation) { o.cluster.DeletionTimestamp = ptr.To(ago(0)) },
		"the StatefulSet goes":          func(o *observation) { o.statefulSet.DeletionTimestamp = ptr.To(ago(0)) },
		"there is no StatefulSet":       func(o *observation) { o.statefulSet = nil },
		"Kubernetes has not seen it":    func(o *observation) { o.statefulSet.Generation = 3 },
		"pods are replaced by hand":     func(o *observation) { o.statefulSet.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType },
		"the strategy has no partition": func(o *observation) { o.statefulSet.Spec.UpdateStrategy.RollingUpdate = nil },
		"a partition keeps it":          func(o *observation) { o.statefulSet.Spec.UpdateStrategy.RollingUpdate.Partition = ptr.To[int32](2) },
		"its volume goes with it":       func(o *observation) { o.leaving["data-vectors-1"] = true },
		"data goes with another pod": func(o *observation) {
			o.cluster.Status.Conditions = []metav1.Condition{{
				Type: v1alpha1.ConditionVolumesResized, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonDataAtRisk, ObservedGeneration: 1,
			}}
		},
		"another pod goes": func(o *observation) { o.pods["vectors-0"].DeletionTimestamp = ptr.To(ago(0)) },
		"a pod that is too many goes": func(o *observation) {
			o.pods["vectors-2"] = ready(2, "old")
			o.pods["vectors-2"].DeletionTimestamp = ptr.To(ago(0))
		},
		"another pod is not made yet": func(o *observation) { delete(o.pods, "vectors-0") },
		"it goes already":             func(o *observation) { o.pods["vectors-1"].DeletionTimestamp = ptr.To(ago(0)) },
		"Kubernetes gave it up":       func(o *observation) { o.pods["vectors-1"].Status.Phase = corev1.PodFailed },
		"its program ended well":      func(o *observation) { o.pods["vectors-1"].Status.Phase = corev1.PodSucceeded },
	} {
		t.Run(name, func(t *testing.T) {
			o := observed(ready(0, "new"), stuckOn("old", 1))
			require.Equal(t, "vectors-1: ImagePullBackOff", chosen(o.plan(now)))
			change(&o)
			require.Empty(t, chosen(o.plan(now)))
		})
	}
}

// After an edit was reverted, the current revision is the newest one.
func TestAnEditThatWasTakenBack(t *testing.T) {
	o := observed(ready(0, "new"), stuckOn("between", 1))
	o.statefulSet.Status.CurrentRevision = "new"
	require.Equal(t, "vectors-1: ImagePullBackOff", chosen(o.plan(now)))
}

// A PVC of one pod does not keep another pod from being replaced.
func TestAPVCThatGoesKeepsItsPodOnly(t *testing.T) {
	o := observed(stuckOn("old", 0), stuckOn("old", 1))
	o.leaving["data-vectors-1"], o.leaving["data-others-0"] = true, true
	require.Equal(t, "vectors-0: ImagePullBackOff", chosen(o.plan(now)))
}

func TestWhenToLookAgain(t *testing.T) {
	o := observed(ready(0, "new"), stuckOn("old", 1))
	o.pods["vectors-0"].Status.Conditions[1].LastTransitionTime = ago(2 * time.Second)
	require.Equal(t, plan{left: 3 * time.Second}, o.plan(now), "spec.minReadySeconds")

	o = observed(with(0, "old", waiting("ContainerCreating")))
	o.cluster.Spec.ProgressDeadlineSeconds = ptr.To[int32](600)
	require.Equal(t, plan{left: 9 * time.Minute}, o.plan(now), "spec.progressDeadlineSeconds")
	require.Equal(t, "vectors-0: ContainerCreating", chosen(o.plan(now.Add(9*time.Minute))))
}
