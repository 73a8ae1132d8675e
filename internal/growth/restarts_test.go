package growth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/internal/pvcs"
	"github.com/barq-db/barq-operator/internal/pvcs/pvcstest"
)

// planned is the outcome of a plan.
type planned struct {
	pod, blocked string
	left         time.Duration
}

func TestPlanRestarts(t *testing.T) {
	for name, test := range map[string]struct {
		change func(pvcs.Observation)
		want   planned
	}{
		"no file system has to grow": {func(pvcs.Observation) {}, planned{}},
		"the highest number first": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[0], pvcstest.Grown)
				pvcstest.AwaitFileSystem(o.PVCs[1], pvcstest.Grown)
			},
			planned{pod: "vectors-1"},
		},
		"it may still grow under the running pod": {
			func(o pvcs.Observation) { pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown.Add(time.Second)) },
			planned{left: time.Second},
		},
		"one is due and another may still grow": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[1], pvcstest.Grown)
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Now.Add(-10*time.Second))
			},
			planned{pod: "vectors-1", left: onlineGrace - 10*time.Second},
		},
		"the condition is not True": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				o.PVCs[2].Status.Conditions[0].Status = corev1.ConditionFalse
			},
			planned{},
		},
		"the spec asks for no more than the file system has": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				o.Cluster.Spec.Storage.Size = ptr.To(resource.MustParse("10Gi"))
			},
			planned{},
		},
		"a pod that is gone starts by itself": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				delete(o.Pods, "vectors-2")
			},
			planned{},
		},
		"a pod that is going starts by itself, and the next waits": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[1], pvcstest.Grown)
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				o.Pods["vectors-2"].DeletionTimestamp = &metav1.Time{Time: pvcstest.Now}
			},
			planned{blocked: "pod vectors-2 answers"},
		},
		"a pod that has not mounted its volume": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				o.Pods["vectors-2"].Status.Phase = corev1.PodPending
			},
			planned{},
		},
		"a restart is not repeated for one growth": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown.Add(-time.Second))
				o.Pods["vectors-2"].CreationTimestamp = metav1.NewTime(pvcstest.Grown)
			},
			planned{},
		},
		"a pod of the second in which its volume grew": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				o.Pods["vectors-2"].CreationTimestamp = metav1.NewTime(pvcstest.Grown)
			},
			planned{pod: "vectors-2"},
		},
		"after a restart the volume has a while": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				o.Pods["vectors-2"].CreationTimestamp = metav1.NewTime(pvcstest.Now.Add(-time.Second))
			},
			planned{left: onlineGrace - time.Second},
		},
		"another pod does not answer": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				pvcstest.Unready(o.Pods["vectors-0"])
			},
			planned{blocked: "pod vectors-0 answers"},
		},
		"another pod is not there": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				delete(o.Pods, "vectors-0")
			},
			planned{blocked: "pod vectors-0 answers"},
		},
		"another pod has answered for a moment": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				o.Pods["vectors-0"].Status.Conditions[0].LastTransitionTime = metav1.NewTime(pvcstest.Now.Add(-2 * time.Second))
			},
			planned{blocked: "pod vectors-0 has answered for 5s", left: 3 * time.Second},
		},
		"the pod itself need not answer": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[1], pvcstest.Grown)
				pvcstest.Unready(o.Pods["vectors-1"])
			},
			planned{pod: "vectors-1"},
		},
		"of full disks, a pod that cannot run goes first": {
			func(o pvcs.Observation) {
				for i := range o.PVCs {
					pvcstest.AwaitFileSystem(o.PVCs[i], pvcstest.Grown)
				}
				pvcstest.Unready(o.Pods["vectors-0"])
			},
			planned{pod: "vectors-0"},
		},
		"with every disk full, pods do not wait for one another": {
			func(o pvcs.Observation) {
				for i := range o.PVCs {
					pvcstest.AwaitFileSystem(o.PVCs[i], pvcstest.Grown)
					pvcstest.Unready(o.Pods[o.PVCs[i].Pod])
				}
			},
			planned{pod: "vectors-2"},
		},
		"the next waits until the last is back": {
			func(o pvcs.Observation) {
				for i := range o.PVCs {
					pvcstest.AwaitFileSystem(o.PVCs[i], pvcstest.Grown)
					pvcstest.Unready(o.Pods[o.PVCs[i].Pod])
				}
				o.Pods["vectors-2"].CreationTimestamp = metav1.NewTime(pvcstest.Now.Add(-time.Second))
			},
			planned{blocked: "pod vectors-2 answers", left: onlineGrace - time.Second},
		},
		"paused": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				o.Cluster.Spec.Paused = true
			},
			planned{blocked: "spec.paused is false"},
		},
		"a rollout has begun": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				o.StatefulSet.Status.UpdateRevision = "b"
			},
			planned{blocked: "the rollout is done"},
		},
		"a rollout waits for the pod": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				pvcstest.Unready(o.Pods["vectors-2"])
				o.StatefulSet.Status.UpdateRevision = "b"
			},
			planned{pod: "vectors-2"},
		},
		"a rollout waits for another pod": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				pvcstest.Unready(o.Pods["vectors-2"])
				pvcstest.Unready(o.Pods["vectors-1"])
				o.StatefulSet.Status.UpdateRevision = "b"
			},
			planned{blocked: "pod vectors-1 answers"},
		},
		"a rollout is about to begin": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				o.StatefulSet.Generation++
			},
			planned{blocked: "the rollout is done"},
		},
		"the number of pods is about to change": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				o.StatefulSet.Spec.Replicas = ptr.To[int32](4)
			},
			planned{blocked: "the rollout is done"},
		},
		"a pod is being removed": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				o.StatefulSet.Status.Replicas = 4
			},
			planned{blocked: "the rollout is done"},
		},
		"a pod that is not asked for": {
			func(o pvcs.Observation) {
				pvcstest.AwaitFileSystem(o.PVCs[2], pvcstest.Grown)
				o.Cluster.Spec.Replicas, o.StatefulSet.Spec.Replicas, o.StatefulSet.Status.Replicas = ptr.To[int32](2), ptr.To[int32](2), 2
			},
			planned{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := pvcstest.Observed()
			test.change(o)
			plan := PlanRestarts(o, pvcstest.Now)
			got := planned{blocked: plan.blocked, left: plan.Left}
			if plan.Now != nil {
				got.pod = plan.Now.Pod
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestTheFixtureIsDueForARestart(t *testing.T) {
	require.Equal(t, pvcstest.Now.Add(-onlineGrace), pvcstest.Grown)
}
