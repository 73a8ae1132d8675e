package status_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/absence"
	"github.com/barq-db/barq-operator/internal/status"
	"github.com/barq-db/barq-operator/test/observation"
)

func TestIssues(t *testing.T) {
	const yes, no = metav1.ConditionTrue, metav1.ConditionFalse
	const dead = ", not the primary vectors-0: clients get no answer; "
	late := func(o *status.Observation) { o.Cluster.Spec.ProgressDeadlineSeconds = ptr.To[int32](30) }
	image := func(name string) corev1.Pod {
		return observation.Pod(name, observation.Waiting("ErrImagePull", "not found"))
	}
	const noImage = ": ErrImagePull: not found (waiting for an image that can be pulled)"
	const crashedBefore = "pod vectors-0: CrashLoopBackOff: it exited with code 1 (Error) (waiting for its replacement by a pod of the newest spec)"
	for name, test := range map[string]struct {
		observed status.Observation
		change   func(*status.Observation)
		want     said
		stalled  string
	}{
		"every pod crashes": {
			observation.Running(), func(o *status.Observation) {
				observation.Lose(o, observation.Crashing("vectors-0", 2), observation.Crashing("vectors-1", 2), observation.Crashing("vectors-2", 2))
			},
			said{
				"Degraded", no, yes, no, "PodsNotReady",
				"0 of 3 pods answer" + dead + observation.CrashLoop("vectors-0") + "; " + observation.CrashLoop("vectors-1") + "; " + observation.CrashLoop("vectors-2"), generation,
			},
			"Progressing",
		},
		"every pod has crashed for too long": {
			observation.Running(), func(o *status.Observation) {
				late(o)
				observation.Lose(o, observation.Crashing("vectors-0", 2), observation.Crashing("vectors-1", 2), observation.Crashing("vectors-2", 2))
			},
			said{
				"Failed", no, no, yes, "PodsNotReady",
				"0 of 3 pods answer" + dead + observation.CrashLoop("vectors-0") + "; " + observation.CrashLoop("vectors-1") + "; " + observation.CrashLoop("vectors-2"), generation,
			},
			"ProgressDeadlineExceeded",
		},
		"the primary has crashed for too long": {
			observation.Running(), func(o *status.Observation) { late(o); observation.Lose(o, observation.Crashing("vectors-0", 2)) },
			said{"Failed", no, no, yes, "PodsNotReady", "2 of 3 pods answer" + dead + observation.CrashLoop("vectors-0"), generation},
			"ProgressDeadlineExceeded",
		},
		"a follower has crashed for too long": {
			observation.Running(), func(o *status.Observation) { late(o); observation.Lose(o, observation.Crashing("vectors-2", 2)) },
			said{
				"Degraded", no, no, yes, "PodsNotReady",
				"2 of 3 pods answer, the primary vectors-0 among them; " + observation.CrashLoop("vectors-2"), generation,
			},
			"ProgressDeadlineExceeded",
		},
		"an independent database has crashed for too long": {
			observation.Running(), func(o *status.Observation) {
				late(o)
				o.Cluster.Spec.Topology.Mode = v1alpha1.TopologyIndependent
				observation.Lose(o, observation.Crashing("vectors-0", 2))
			},
			said{"Degraded", no, no, yes, "PodsNotReady", "2 of 3 pods answer; " + observation.CrashLoop("vectors-0"), generation},
			"ProgressDeadlineExceeded",
		},
		"a broken image stops a rollout": {
			observation.Replacing(), func(o *status.Observation) { observation.Lose(o, image("vectors-2")) },
			said{
				"Degraded", no, yes, no, "PodsNotReady", "2 of 3 pods answer, the primary vectors-0 among them; " +
					"pod vectors-2" + noImage + "; after that the rollout goes on to the other 2", generation,
			},
			"Progressing",
		},
		"no pod has a node": {
			observation.Running(), func(o *status.Observation) {
				observation.Lose(o, observation.Unscheduled("vectors-0", time.Minute), observation.Unscheduled("vectors-1", time.Second), observation.Unscheduled("vectors-2", time.Second))
			},
			said{
				"Pending", no, yes, no, "PodsNotReady", "0 of 3 pods answer" + dead +
					"pod vectors-0: Unschedulable: 0/3 nodes are available (waiting for a node)", generation,
			},
			"Progressing",
		},
		"no pod has had a node for too long": {
			observation.Running(), func(o *status.Observation) {
				late(o)
				observation.Lose(o, observation.Unscheduled("vectors-0", time.Minute), observation.Unscheduled("vectors-1", time.Second), observation.Unscheduled("vectors-2", time.Second))
			},
			said{
				"Failed", no, no, yes, "PodsNotReady", "0 of 3 pods answer" + dead +
					"pod vectors-0: Unschedulable: 0/3 nodes are available (waiting for a node)", generation,
			},
			"ProgressDeadlineExceeded",
		},
		"a spec that was corrected reaches pods that have crashed for long": {
			observation.Replacing(), func(o *status.Observation) {
				late(o)
				pod := observation.Crashing("vectors-0", 2)
				pod.Labels = nil
				observation.Lose(o, pod)
			},
			said{
				"Degraded", no, yes, no, "PodsNotReady",
				"2 of 3 pods answer" + dead + crashedBefore + "; after that the rollout goes on to the other 1", generation,
			},
			"Progressing",
		},
		"Kubernetes has not seen the corrected spec": {
			observation.Running(), func(o *status.Observation) {
				late(o)
				o.StatefulSet.Generation++
				observation.Lose(o, observation.Crashing("vectors-0", 2))
			},
			said{"Degraded", no, yes, no, "PodsNotReady", "2 of 3 pods answer" + dead + crashedBefore, generation},
			"Progressing",
		},
		"a quota keeps a pod from being made": {
			observation.Running(), func(o *status.Observation) {
				o.Pods = o.Pods[:1]
				o.StatefulSet.Status.Replicas, o.StatefulSet.Status.ReadyReplicas = 1, 1
				o.FailedCreation = &absence.FailedCreation{Message: "exceeded quota", Since: now.Add(-time.Minute)}
			},
			said{
				"Degraded", no, yes, no, "PodsNotReady", "1 of 3 pods answer, the primary vectors-0 among them; " +
					"pod vectors-1: FailedCreate: exceeded quota (waiting for the API server to let it be created)", generation,
			},
			"Progressing",
		},
		"the quota was raised": {
			observation.Running(), func(o *status.Observation) {
				o.FailedCreation = &absence.FailedCreation{Message: "exceeded quota", Since: now.Add(-time.Hour)}
			},
			said{"Ready", yes, no, no, "Ready", "3 of 3 pods answer", generation},
			"Ready",
		},
		"very many pods": {
			observation.Running(), func(o *status.Observation) {
				o.Cluster.Spec.Topology.Mode = v1alpha1.TopologyIndependent
				o.Pods = nil
				for _, name := range []string{"vectors-10", "vectors-9", "vectors-2", "vectors-11", "vectors-0", "vectors-1"} {
					o.Pods = append(o.Pods, image(name))
				}
				o.StatefulSet.Status.ReadyReplicas = 0
			},
			said{
				"Degraded", no, yes, no, "PodsNotReady", "0 of 3 pods answer; pod vectors-0" + noImage + "; pod vectors-1" + noImage +
					"; pod vectors-2" + noImage + "; pod vectors-9" + noImage + "; and 2 more", generation,
			},
			"Progressing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			observed := test.observed
			test.change(&observed)
			got := status.Compute(observed, now)
			ready := meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionReady)
			stalled := meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionStalled)
			require.Equal(t, test.want, said{
				phase: got.Phase, ready: ready.Status, stalled: stalled.Status, reason: ready.Reason, message: ready.Message,
				reconciling: meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionReconciling).Status, observed: got.ObservedGeneration,
			})
			require.Equal(t, test.stalled, stalled.Reason)
		})
	}
}

// Pods that have never answered are no loss: their trouble is over, and they start.
func TestAnIssueAtAStartIsNoLoss(t *testing.T) {
	type told struct {
		phase              v1alpha1.Phase
		ready, reconciling string
	}
	for name, test := range map[string]struct {
		answered          bool
		inTrouble, starts told
	}{
		"a start": {false, told{"Degraded", "PodsNotReady", "RollingOut"}, told{"Progressing", "RollingOut", "RollingOut"}},
		"a loss":  {true, told{"Degraded", "PodsNotReady", "PodsNotReady"}, told{"Degraded", "PodsNotReady", "PodsNotReady"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := observation.Running()
			tell := func() told {
				observation.Store(&o, status.Compute(o, now))
				conditions := o.Cluster.Status.Conditions
				return told{
					o.Cluster.Status.Phase,
					meta.FindStatusCondition(conditions, v1alpha1.ConditionReady).Reason,
					meta.FindStatusCondition(conditions, v1alpha1.ConditionReconciling).Reason,
				}
			}
			if test.answered {
				tell()
			}
			observation.Lose(&o, observation.Crashing("vectors-0", 2))
			require.Equal(t, test.inTrouble, tell())
			require.Equal(t, test.inTrouble, tell(), "as long as it lasts")
			o.Pods[0] = observation.Pod("vectors-0", observation.Started(0))
			require.Equal(t, test.starts, tell())
			require.Equal(t, test.starts, tell(), "until it answers")
		})
	}
}

// No watch event tells that a pod has waited too long.
func TestLookAgainAfter(t *testing.T) {
	observed := observation.Running()
	require.Zero(t, observed.LookAgainAfter(now))

	observed.Pods = []corev1.Pod{
		observation.Unscheduled("vectors-0", 2*time.Second), observation.Unscheduled("vectors-1", 7*time.Second), observation.Unscheduled("vectors-2", time.Hour),
	}
	require.Equal(t, 3*time.Second, observed.LookAgainAfter(now))

	observed.Pods = observed.Pods[2:]
	observed.Pods = append(observed.Pods, observation.Answering("vectors-0"))
	require.Equal(t, 5*time.Second, observed.LookAgainAfter(now), "vectors-1 is missing, and what keeps it from being made is not watched")
	observed.FailedCreation = &absence.FailedCreation{Since: now.Add(-time.Hour)}
	require.Equal(t, 30*time.Second, observed.LookAgainAfter(now), "the reason is known")
	observed.FailedCreation.Since = now.Add(-10*time.Minute + time.Second)
	require.Equal(t, time.Second, observed.LookAgainAfter(now), "the deadline comes first")
}
