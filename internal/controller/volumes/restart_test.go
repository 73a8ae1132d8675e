package volumes

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// planned is what a plan comes to.
type planned struct {
	pod, blocked string
	left         time.Duration
}

func TestPlanRestarts(t *testing.T) {
	for name, test := range map[string]struct {
		change func(observation)
		want   planned
	}{
		"no file system has to grow": {func(observation) {}, planned{}},
		"the highest number first": {
			func(o observation) {
				awaitsFileSystem(o.claim(0), grown)
				awaitsFileSystem(o.claim(1), grown)
			},
			planned{pod: "vectors-1"},
		},
		"it may still grow under the running pod": {
			func(o observation) { awaitsFileSystem(o.claim(2), grown.Add(time.Second)) },
			planned{left: time.Second},
		},
		"one is due and another may still grow": {
			func(o observation) {
				awaitsFileSystem(o.claim(1), grown)
				awaitsFileSystem(o.claim(2), now.Add(-10*time.Second))
			},
			planned{pod: "vectors-1", left: onlineGrace - 10*time.Second},
		},
		"the condition is not True": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				o.claim(2).Status.Conditions[0].Status = corev1.ConditionFalse
			},
			planned{},
		},
		"the spec asks for no more than the file system has": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				o.cluster.Spec.Storage.Size = ptr.To(resource.MustParse("10Gi"))
			},
			planned{},
		},
		"a pod that is gone starts by itself": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				delete(o.pods, "vectors-2")
			},
			planned{},
		},
		"a pod that is going starts by itself, and the next waits": {
			func(o observation) {
				awaitsFileSystem(o.claim(1), grown)
				awaitsFileSystem(o.claim(2), grown)
				o.pod(2).DeletionTimestamp = &metav1.Time{Time: now}
			},
			planned{blocked: "pod vectors-2 answers"},
		},
		"a pod that has not mounted its volume": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				o.pod(2).Status.Phase = corev1.PodPending
			},
			planned{},
		},
		"a restart is not repeated for one growth": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown.Add(-time.Second))
				o.pod(2).CreationTimestamp = metav1.NewTime(grown)
			},
			planned{},
		},
		"a pod of the second in which its volume grew": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				o.pod(2).CreationTimestamp = metav1.NewTime(grown)
			},
			planned{pod: "vectors-2"},
		},
		"after a restart the volume has a while": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				o.pod(2).CreationTimestamp = metav1.NewTime(now.Add(-time.Second))
			},
			planned{left: onlineGrace - time.Second},
		},
		"another pod does not answer": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				notReady(o.pod(0))
			},
			planned{blocked: "pod vectors-0 answers"},
		},
		"another pod is not there": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				delete(o.pods, "vectors-0")
			},
			planned{blocked: "pod vectors-0 answers"},
		},
		"another pod has answered for a moment": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				o.pod(0).Status.Conditions[0].LastTransitionTime = metav1.NewTime(now.Add(-2 * time.Second))
			},
			planned{blocked: "pod vectors-0 has answered for 5s", left: 3 * time.Second},
		},
		"the pod itself need not answer": {
			func(o observation) {
				awaitsFileSystem(o.claim(1), grown)
				notReady(o.pod(1))
			},
			planned{pod: "vectors-1"},
		},
		"of full disks, a pod that cannot run goes first": {
			func(o observation) {
				for i := range o.volumes {
					awaitsFileSystem(o.claim(i), grown)
				}
				notReady(o.pod(0))
			},
			planned{pod: "vectors-0"},
		},
		"with every disk full, pods do not wait for one another": {
			func(o observation) {
				for i := range o.volumes {
					awaitsFileSystem(o.claim(i), grown)
					notReady(o.pod(i))
				}
			},
			planned{pod: "vectors-2"},
		},
		"the next waits until the last is back": {
			func(o observation) {
				for i := range o.volumes {
					awaitsFileSystem(o.claim(i), grown)
					notReady(o.pod(i))
				}
				o.pod(2).CreationTimestamp = metav1.NewTime(now.Add(-time.Second))
			},
			planned{blocked: "pod vectors-2 answers", left: onlineGrace - time.Second},
		},
		"paused": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				o.cluster.Spec.Paused = true
			},
			planned{blocked: "spec.paused is false"},
		},
		"a roll-out has begun": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				o.statefulSet.Status.UpdateRevision = "b"
			},
			planned{blocked: "the roll-out is done"},
		},
		"a roll-out waits for the pod": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				notReady(o.pod(2))
				o.statefulSet.Status.UpdateRevision = "b"
			},
			planned{pod: "vectors-2"},
		},
		"a roll-out waits for another pod": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				notReady(o.pod(2))
				notReady(o.pod(1))
				o.statefulSet.Status.UpdateRevision = "b"
			},
			planned{blocked: "pod vectors-1 answers"},
		},
		"a roll-out is about to begin": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				o.statefulSet.Generation++
			},
			planned{blocked: "the roll-out is done"},
		},
		"the number of pods is about to change": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				o.statefulSet.Spec.Replicas = ptr.To[int32](4)
			},
			planned{blocked: "the roll-out is done"},
		},
		"a pod is being removed": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				o.statefulSet.Status.Replicas = 4
			},
			planned{blocked: "the roll-out is done"},
		},
		"a pod that is not asked for": {
			func(o observation) {
				awaitsFileSystem(o.claim(2), grown)
				o.cluster.Spec.Replicas, o.statefulSet.Spec.Replicas, o.statefulSet.Status.Replicas = ptr.To[int32](2), ptr.To[int32](2), 2
			},
			planned{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := observed()
			test.change(o)
			plan := o.planRestarts(now)
			got := planned{blocked: plan.blocked, left: plan.left}
			if plan.now != nil {
				got.pod = plan.now.pod
			}
			require.Equal(t, test.want, got)
		})
	}
}
