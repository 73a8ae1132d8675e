package status_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/absence"
	"github.com/barq-db/barq-operator/internal/controller/status"
)

// ended is a container that is in the given state after a run that ended so.
func ended(state corev1.ContainerState, restarts int32, end corev1.ContainerStateTerminated) corev1.ContainerStatus {
	return corev1.ContainerStatus{
		Name: "barq-db", State: state, RestartCount: restarts,
		LastTerminationState: corev1.ContainerState{Terminated: &end},
	}
}

func runs() corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: ago(time.Second)}}
}

func hasEnded(end corev1.ContainerStateTerminated) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &end}
}

// The deadline is ten minutes. since is how long ago the trouble began to count; none
// means that it never does.
func TestTheTroubleOfAPod(t *testing.T) {
	outOfMemory := corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled", StartedAt: ago(20 * time.Second), FinishedAt: ago(10 * time.Second)}
	const logs = "; kubectl logs vectors-2 --previous shows why it ended)"
	for name, test := range map[string]struct {
		pod   corev1.Pod
		want  string
		since time.Duration
	}{
		"the image is not there": {
			podOf("vectors-2", containerWaiting("ErrImagePull", "failed to pull\n\timage \"x\": not found")),
			`ErrImagePull: failed to pull image "x": not found (awaited: an image that can be pulled)`, 30 * time.Second,
		},
		"the image is not tried again yet": {
			podOf("vectors-2", containerWaiting("ImagePullBackOff", "Back-off")),
			"ImagePullBackOff: Back-off (awaited: an image that can be pulled)", 30 * time.Second,
		},
		"the image has no such name": {
			podOf("vectors-2", containerWaiting("InvalidImageName", "")),
			"InvalidImageName (awaited: an image that can be pulled)", 30 * time.Second,
		},
		"a ConfigMap is missing": {
			podOf("vectors-2", containerWaiting("CreateContainerConfigError", `configmap "settings" not found`)),
			`CreateContainerConfigError: configmap "settings" not found (awaited: the ConfigMap or Secret that it refers to)`, 30 * time.Second,
		},
		"the container cannot be made": {
			podOf("vectors-2", containerWaiting("CreateContainerError", "no space left")),
			"CreateContainerError: no space left (awaited: a container that can be started)", 30 * time.Second,
		},
		"the container cannot be run": {
			podOf("vectors-2", containerWaiting("RunContainerError", "no such file")),
			"RunContainerError: no such file (awaited: a container that can be started)", 30 * time.Second,
		},
		"a crash loop": {
			crashing("vectors-2", 3), strings.TrimPrefix(crashLoop("vectors-2"), "pod vectors-2: "), 30 * time.Second,
		},
		"a crash loop, running for a moment": {
			podOf("vectors-2", ended(runs(), 2, outOfMemory)),
			"CrashLoopBackOff: it ended with exit code 137 (OOMKilled) (awaited: that it starts and stays" + logs, 30 * time.Second,
		},
		"a crash loop, ended just now": {
			podOf("vectors-2", corev1.ContainerStatus{Name: "barq-db", RestartCount: 1, State: hasEnded(outOfMemory)}),
			"CrashLoopBackOff: it ended with exit code 137 (OOMKilled) (awaited: that it starts and stays" + logs, 30 * time.Second,
		},
		"a pod that answered for long crashes again and again": {
			func() corev1.Pod {
				pod := crashing("vectors-2", 7)
				pod.CreationTimestamp = ago(1000 * time.Hour)
				return pod
			}(),
			strings.TrimPrefix(crashLoop("vectors-2"), "pod vectors-2: "), 30 * time.Second,
		},
		"a pod that answered until it crashed, as it did once long ago": {
			podOf("vectors-2", ended(containerWaiting("CrashLoopBackOff", "").State, 1, corev1.ContainerStateTerminated{
				ExitCode: 1, StartedAt: ago(time.Hour), FinishedAt: ago(31 * time.Second),
			})),
			"CrashLoopBackOff: it ended with exit code 1 (awaited: that it starts and stays" + logs, 31 * time.Second,
		},
		"ended for the first time": {
			podOf("vectors-2", corev1.ContainerStatus{Name: "barq-db", State: hasEnded(outOfMemory)}),
			"OOMKilled: it ended with exit code 137 (OOMKilled) and is started again (awaited: that it starts and stays" + logs, 0,
		},
		"reads its data again after it ended once": {
			podOf("vectors-2", ended(runs(), 1, outOfMemory)),
			"OOMKilled: it ended with exit code 137 (OOMKilled) and is started again (awaited: that it starts and stays" + logs, 0,
		},
		"reads its data again after it ended once, as it did long ago": {
			podOf("vectors-2", ended(runs(), 5, corev1.ContainerStateTerminated{ExitCode: 2, StartedAt: ago(time.Hour), FinishedAt: ago(31 * time.Second)})),
			"Error: it ended with exit code 2 and is started again (awaited: that it starts and stays" + logs, 0,
		},
		"an init container cannot be made": {
			func() corev1.Pod {
				pod := podOf("vectors-2", containerWaiting("PodInitializing", ""))
				pod.Status.InitContainerStatuses = []corev1.ContainerStatus{
					{Name: "first", Ready: true, State: hasEnded(corev1.ContainerStateTerminated{Reason: "Completed"})},
					{Name: "mesh", State: containerWaiting("ErrImagePull", "not found").State},
				}
				return pod
			}(),
			"ErrImagePull: init container mesh: not found (awaited: an image that can be pulled)", 30 * time.Second,
		},
		"an init container crashes": {
			func() corev1.Pod {
				pod := podOf("vectors-2", containerWaiting("PodInitializing", ""))
				pod.Status.InitContainerStatuses = []corev1.ContainerStatus{crashing("", 3).Status.ContainerStatuses[0]}
				pod.Status.InitContainerStatuses[0].Name = "mesh"
				return pod
			}(),
			"CrashLoopBackOff: init container mesh: it ended with exit code 1 (Error) (awaited: that it starts and stays" + logs, 30 * time.Second,
		},
		"a container that somebody injected crashes": {
			func() corev1.Pod {
				pod := podOf("vectors-2", containerRunning(0))
				mesh := crashing("", 3).Status.ContainerStatuses[0]
				mesh.Name = "mesh"
				pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, mesh)
				return pod
			}(),
			"CrashLoopBackOff: container mesh: it ended with exit code 1 (Error) (awaited: that it starts and stays" + logs, 30 * time.Second,
		},
		"no node": {
			unscheduled("vectors-2", 10*time.Second), "Unschedulable: 0/3 nodes are available (awaited: a node for it)", 10 * time.Second,
		},
		"no node yet, as every pod whose volume is not bound": {unscheduled("vectors-2", 9*time.Second), "", 0},
		"its containers are being made":                       {podOf("vectors-2", containerWaiting("ContainerCreating", "")), "", 0},
		"its containers have been made for ten minutes": {
			func() corev1.Pod {
				pod := podOf("vectors-2", containerWaiting("ContainerCreating", ""))
				pod.Status.Conditions[0].LastTransitionTime = ago(10 * time.Minute)
				return pod
			}(),
			"ContainerCreating: its containers have not been made yet, kubectl describe pod vectors-2 shows why (awaited: its volume and its image)",
			10 * time.Minute,
		},
		"it has read its data for a day": {
			func() corev1.Pod {
				pod := podOf("vectors-2", containerRunning(0))
				pod.CreationTimestamp = ago(24 * time.Hour)
				pod.Status.Conditions[0].LastTransitionTime = ago(24 * time.Hour)
				return pod
			}(), "", 0,
		},
		"its node does not report": {
			withheld("vectors-2", "", ""),
			"NodeNotReady: its node node-a does not report (Ready is False though its container was ready) " +
				"(awaited: word from the node; kubectl describe node node-a shows more)", 20 * time.Second,
		},
		"its node does not report, and it crashed before": {
			func() corev1.Pod {
				pod := withheld("vectors-2", "", "")
				pod.Status.ContainerStatuses[0].RestartCount = 7
				return pod
			}(),
			"NodeNotReady: its node node-a does not report (Ready is False though its container was ready) " +
				"(awaited: word from the node; kubectl describe node node-a shows more)", 20 * time.Second,
		},
		"its readiness gates are not passed yet": {
			withheld("vectors-2", "ReadinessGatesNotReady", `the status of pod readiness gate "example.com/lb" is not "True", but False`), "", 0,
		},
		"its readiness gates have not been passed for ten minutes": {
			func() corev1.Pod {
				pod := withheld("vectors-2", "ReadinessGatesNotReady", `the status of pod readiness gate "example.com/lb" is not "True", but False`)
				pod.Status.Conditions[0].LastTransitionTime, pod.Status.Conditions[1].LastTransitionTime = ago(time.Hour), ago(10*time.Minute)
				return pod
			}(),
			`ReadinessGatesNotReady: the status of pod readiness gate "example.com/lb" is not "True", but False ` +
				"(awaited: the controllers that set its readiness gates)", 10 * time.Minute,
		},
		"its node gave it up": {
			func() corev1.Pod {
				pod := podOf("vectors-2")
				pod.Status.Phase, pod.Status.Reason, pod.Status.Message = corev1.PodFailed, "Evicted", "low on memory"
				return pod
			}(), "Evicted: low on memory (awaited: its replacement)", 30 * time.Second,
		},
		"stopping": {
			func() corev1.Pod {
				pod := crashing("vectors-2", 2)
				pod.DeletionTimestamp = ptr.To(ago(9 * time.Second))
				return pod
			}(), "", 0,
		},
		"its node is lost, so that it never stops": {
			func() corev1.Pod {
				pod := podOf("vectors-2", containerRunning(0))
				pod.DeletionTimestamp = ptr.To(ago(10 * time.Second))
				return pod
			}(),
			"Terminating: its grace period ended at 2026-01-02T03:03:55Z and it is still there " +
				"(awaited: word from its node node-a that it has stopped)", 10 * time.Second,
		},
		"somebody holds it": {
			func() corev1.Pod {
				pod := podOf("vectors-2", containerRunning(0))
				pod.DeletionTimestamp, pod.Finalizers = ptr.To(ago(10*time.Second)), []string{"example.com/a", "example.com/b"}
				return pod
			}(),
			"Terminating: its grace period ended at 2026-01-02T03:03:55Z and it is still there " +
				"(awaited: the removal of its finalizers example.com/a, example.com/b)", 10 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			observed := running()
			lose(&observed, test.pod)
			const count = "2 of 3 pods answer, the primary vectors-0 among them; "
			computed := status.Compute(observed, now)
			ready := meta.FindStatusCondition(computed.Conditions, v1alpha1.ConditionReady)
			require.Equal(t, metav1.ConditionFalse, ready.Status)
			if test.want == "" {
				require.Equal(t, []any{v1alpha1.ReasonRollingOut, v1alpha1.PhaseProgressing}, []any{ready.Reason, computed.Phase})
			} else {
				require.Equal(t, []any{v1alpha1.ReasonPodsNotReady, v1alpha1.PhaseDegraded}, []any{ready.Reason, computed.Phase})
				require.Equal(t, count+"pod vectors-2: "+test.want, ready.Message)
			}

			deadline := 10*time.Minute - test.since
			if test.since == 0 {
				require.True(t, meta.IsStatusConditionFalse(computed.Conditions, v1alpha1.ConditionStalled))
				return
			}
			at := func(left time.Duration) bool {
				later := status.Compute(observed, now.Add(left))
				return meta.IsStatusConditionTrue(later.Conditions, v1alpha1.ConditionStalled)
			}
			require.True(t, at(deadline), "stalled at the deadline")
			require.False(t, at(deadline-time.Second), "not before")
			if deadline > 0 {
				require.Equal(t, deadline, observed.LookAgainAfter(now), "nothing but time goes by")
			}
		})
	}
}

// The status has more readers than logs have, and a database that fails over a
// credential may print it.
func TestNoLogReachesTheStatus(t *testing.T) {
	message := func(policy corev1.TerminationMessagePolicy) string {
		pod := crashing("vectors-2", 2)
		pod.Status.ContainerStatuses[0].LastTerminationState.Terminated.Message = "the key is hunter2"
		pod.Spec.Containers = []corev1.Container{{Name: "barq-db", TerminationMessagePolicy: policy}}
		observed := running()
		lose(&observed, pod)
		return meta.FindStatusCondition(status.Compute(observed, now).Conditions, v1alpha1.ConditionReady).Message
	}
	require.NotContains(t, message(corev1.TerminationMessageFallbackToLogsOnError), "hunter2")
	// What a container writes as its last word is meant to be read in a status.
	require.Contains(t, message(corev1.TerminationMessageReadFile), "it ended with exit code 1 (Error): the key is hunter2 (awaited")
}

func TestTroubles(t *testing.T) {
	const yes, no = metav1.ConditionTrue, metav1.ConditionFalse
	const dead = ", not the primary vectors-0: clients get no answer; "
	late := func(o *status.Observation) { o.Cluster.Spec.ProgressDeadlineSeconds = ptr.To[int32](30) }
	image := func(name string) corev1.Pod { return podOf(name, containerWaiting("ErrImagePull", "not found")) }
	const noImage = ": ErrImagePull: not found (awaited: an image that can be pulled)"
	const crashedBefore = "pod vectors-0: CrashLoopBackOff: it ended with exit code 1 (Error) (awaited: its replacement by one of the newest spec)"
	for name, test := range map[string]struct {
		observed status.Observation
		change   func(*status.Observation)
		want     said
		stalled  string
	}{
		"every pod crashes": {
			running(), func(o *status.Observation) {
				lose(o, crashing("vectors-0", 2), crashing("vectors-1", 2), crashing("vectors-2", 2))
			},
			said{
				"Degraded", no, yes, no, "PodsNotReady",
				"0 of 3 pods answer" + dead + crashLoop("vectors-0") + "; " + crashLoop("vectors-1") + "; " + crashLoop("vectors-2"), generation,
			},
			"Progressing",
		},
		"every pod has crashed for too long": {
			running(), func(o *status.Observation) {
				late(o)
				lose(o, crashing("vectors-0", 2), crashing("vectors-1", 2), crashing("vectors-2", 2))
			},
			said{
				"Failed", no, no, yes, "PodsNotReady",
				"0 of 3 pods answer" + dead + crashLoop("vectors-0") + "; " + crashLoop("vectors-1") + "; " + crashLoop("vectors-2"), generation,
			},
			"ProgressDeadlineExceeded",
		},
		"the primary has crashed for too long": {
			running(), func(o *status.Observation) { late(o); lose(o, crashing("vectors-0", 2)) },
			said{"Failed", no, no, yes, "PodsNotReady", "2 of 3 pods answer" + dead + crashLoop("vectors-0"), generation},
			"ProgressDeadlineExceeded",
		},
		"a follower has crashed for too long": {
			running(), func(o *status.Observation) { late(o); lose(o, crashing("vectors-2", 2)) },
			said{
				"Degraded", no, no, yes, "PodsNotReady",
				"2 of 3 pods answer, the primary vectors-0 among them; " + crashLoop("vectors-2"), generation,
			},
			"ProgressDeadlineExceeded",
		},
		"an independent database has crashed for too long": {
			running(), func(o *status.Observation) {
				late(o)
				o.Cluster.Spec.Topology.Mode = v1alpha1.TopologyIndependent
				lose(o, crashing("vectors-0", 2))
			},
			said{"Degraded", no, no, yes, "PodsNotReady", "2 of 3 pods answer; " + crashLoop("vectors-0"), generation},
			"ProgressDeadlineExceeded",
		},
		"a broken image stops a roll-out": {
			replacing(), func(o *status.Observation) { lose(o, image("vectors-2")) },
			said{
				"Degraded", no, yes, no, "PodsNotReady", "2 of 3 pods answer, the primary vectors-0 among them; " +
					"pod vectors-2" + noImage + "; the roll-out goes on to the other 2 after that", generation,
			},
			"Progressing",
		},
		"no pod has a node": {
			running(), func(o *status.Observation) {
				lose(o, unscheduled("vectors-0", time.Minute), unscheduled("vectors-1", time.Second), unscheduled("vectors-2", time.Second))
			},
			said{
				"Pending", no, yes, no, "PodsNotReady", "0 of 3 pods answer" + dead +
					"pod vectors-0: Unschedulable: 0/3 nodes are available (awaited: a node for it)", generation,
			},
			"Progressing",
		},
		"no pod has had a node for too long": {
			running(), func(o *status.Observation) {
				late(o)
				lose(o, unscheduled("vectors-0", time.Minute), unscheduled("vectors-1", time.Second), unscheduled("vectors-2", time.Second))
			},
			said{
				"Failed", no, no, yes, "PodsNotReady", "0 of 3 pods answer" + dead +
					"pod vectors-0: Unschedulable: 0/3 nodes are available (awaited: a node for it)", generation,
			},
			"ProgressDeadlineExceeded",
		},
		"a spec that was mended reaches pods that have crashed for long": {
			replacing(), func(o *status.Observation) {
				late(o)
				pod := crashing("vectors-0", 2)
				pod.Labels = nil
				lose(o, pod)
			},
			said{
				"Degraded", no, yes, no, "PodsNotReady",
				"2 of 3 pods answer" + dead + crashedBefore + "; the roll-out goes on to the other 1 after that", generation,
			},
			"Progressing",
		},
		"nobody has looked at the mended spec": {
			running(), func(o *status.Observation) { late(o); o.StatefulSet.Generation++; lose(o, crashing("vectors-0", 2)) },
			said{"Degraded", no, yes, no, "PodsNotReady", "2 of 3 pods answer" + dead + crashedBefore, generation},
			"Progressing",
		},
		"a quota keeps a pod from being made": {
			running(), func(o *status.Observation) {
				o.Pods = o.Pods[:1]
				o.StatefulSet.Status.Replicas, o.StatefulSet.Status.ReadyReplicas = 1, 1
				o.FailedCreation = &absence.FailedCreation{Message: "exceeded quota", Since: now.Add(-time.Minute)}
			},
			said{
				"Degraded", no, yes, no, "PodsNotReady", "1 of 3 pods answer, the primary vectors-0 among them; " +
					"pod vectors-1: FailedCreate: exceeded quota (awaited: that the API server lets it be made)", generation,
			},
			"Progressing",
		},
		"the quota was mended": {
			running(), func(o *status.Observation) {
				o.FailedCreation = &absence.FailedCreation{Message: "exceeded quota", Since: now.Add(-time.Hour)}
			},
			said{"Ready", yes, no, no, "Ready", "3 of 3 pods answer", generation},
			"Progressing",
		},
		"very many pods": {
			running(), func(o *status.Observation) {
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

// A registry's answer has no limit of its own.
// Pods that have never answered were not lost: their trouble is over, and they start.
func TestTroubleAtAStartIsNoLoss(t *testing.T) {
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
			o := running()
			tell := func() told {
				store(&o, status.Compute(o, now))
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
			lose(&o, crashing("vectors-0", 2))
			require.Equal(t, test.inTrouble, tell())
			require.Equal(t, test.inTrouble, tell(), "as long as it lasts")
			o.Pods[0] = podOf("vectors-0", containerRunning(0))
			require.Equal(t, test.starts, tell())
			require.Equal(t, test.starts, tell(), "until it answers")
		})
	}
}

func TestTheTroubleOfOnePodIsBounded(t *testing.T) {
	observed := running()
	lose(&observed, podOf("vectors-2", containerWaiting("ErrImagePull", strings.Repeat("ü", 10_000))))
	message := meta.FindStatusCondition(status.Compute(observed, now).Conditions, v1alpha1.ConditionReady).Message
	_, trouble, _ := strings.Cut(message, "; ")
	require.InDelta(t, 1024, len(trouble), 1)
	require.True(t, utf8.ValidString(trouble))
	require.True(t, strings.HasSuffix(trouble, "ü... (awaited: an image that can be pulled)"), trouble)
}

// Nothing that is watched changes when a pod has waited for too long.
func TestLookAgainAfter(t *testing.T) {
	observed := running()
	require.Zero(t, observed.LookAgainAfter(now))

	observed.Pods = []corev1.Pod{
		unscheduled("vectors-0", 2*time.Second), unscheduled("vectors-1", 7*time.Second), unscheduled("vectors-2", time.Hour),
	}
	require.Equal(t, 3*time.Second, observed.LookAgainAfter(now))

	observed.Pods = observed.Pods[2:]
	observed.Pods = append(observed.Pods, answering("vectors-0"))
	require.Equal(t, 5*time.Second, observed.LookAgainAfter(now), "vectors-1 is missing, and what keeps it from being made is not watched")
	observed.FailedCreation = &absence.FailedCreation{Since: now.Add(-time.Hour)}
	require.Equal(t, 30*time.Second, observed.LookAgainAfter(now), "the reason is known")
	observed.FailedCreation.Since = now.Add(-10*time.Minute + time.Second)
	require.Equal(t, time.Second, observed.LookAgainAfter(now), "the deadline comes first")
}
