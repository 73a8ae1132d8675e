package podissue_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/podissue"
	"github.com/barq-db/barq-operator/test/observation"
)

// now is when the pod is diagnosed.
var now = observation.Now

// ended returns a container in the given state after a run with the given end.
func ended(state corev1.ContainerState, restarts int32, end corev1.ContainerStateTerminated) corev1.ContainerStatus {
	return corev1.ContainerStatus{
		Name: "barq-db", State: state, RestartCount: restarts,
		LastTerminationState: corev1.ContainerState{Terminated: &end},
	}
}

func runs() corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: observation.Ago(time.Second)}}
}

func hasEnded(end corev1.ContainerStateTerminated) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &end}
}

// slow returns a pod that has ten seconds to start.
func slow(status corev1.ContainerStatus) corev1.Pod {
	pod := observation.Pod("vectors-2", status)
	pod.Spec.Containers = []corev1.Container{{Name: "barq-db", StartupProbe: &corev1.Probe{PeriodSeconds: 5, FailureThreshold: 3}}}
	return pod
}

const deadline = 10 * time.Minute

// since is how long ago the issue began to count; none means that it never counts.
func TestTheIssueOfAPod(t *testing.T) {
	outOfMemory := corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled", StartedAt: observation.Ago(20 * time.Second), FinishedAt: observation.Ago(10 * time.Second)}
	const longer = "(waiting for it to start; write a higher spec.startupDeadlineSeconds if it restores or reads its data for longer)"
	const logs = "; kubectl logs vectors-2 --previous shows why it exited)"
	for name, test := range map[string]struct {
		pod   corev1.Pod
		want  string
		since time.Duration
	}{
		"the image is not there": {
			observation.Pod("vectors-2", observation.Waiting("ErrImagePull", "failed to pull\n\timage \"x\": not found")),
			`ErrImagePull: failed to pull image "x": not found (waiting for an image that can be pulled)`, 30 * time.Second,
		},
		"the image is not tried again yet": {
			observation.Pod("vectors-2", observation.Waiting("ImagePullBackOff", "Back-off")),
			"ImagePullBackOff: Back-off (waiting for an image that can be pulled)", 30 * time.Second,
		},
		"the image has no such name": {
			observation.Pod("vectors-2", observation.Waiting("InvalidImageName", "")),
			"InvalidImageName (waiting for an image that can be pulled)", 30 * time.Second,
		},
		"a ConfigMap is missing": {
			observation.Pod("vectors-2", observation.Waiting("CreateContainerConfigError", `configmap "settings" not found`)),
			`CreateContainerConfigError: configmap "settings" not found (waiting for the ConfigMap or Secret that it refers to)`, 30 * time.Second,
		},
		"the container cannot be made": {
			observation.Pod("vectors-2", observation.Waiting("CreateContainerError", "no space left")),
			"CreateContainerError: no space left (waiting for a container that can be started)", 30 * time.Second,
		},
		"the container cannot be run": {
			observation.Pod("vectors-2", observation.Waiting("RunContainerError", "no such file")),
			"RunContainerError: no such file (waiting for a container that can be started)", 30 * time.Second,
		},
		"a crash loop": {
			observation.Crashing("vectors-2", 3), strings.TrimPrefix(observation.CrashLoop("vectors-2"), "pod vectors-2: "), 30 * time.Second,
		},
		"a crash loop, running for a moment": {
			observation.Pod("vectors-2", ended(runs(), 2, outOfMemory)),
			"CrashLoopBackOff: it exited with code 137 (OOMKilled) (waiting for it to start and keep running" + logs, 30 * time.Second,
		},
		"a crash loop, ended just now": {
			observation.Pod("vectors-2", corev1.ContainerStatus{Name: "barq-db", RestartCount: 1, State: hasEnded(outOfMemory)}),
			"CrashLoopBackOff: it exited with code 137 (OOMKilled) (waiting for it to start and keep running" + logs, 30 * time.Second,
		},
		"a pod that answered for long crashes again and again": {
			func() corev1.Pod {
				pod := observation.Crashing("vectors-2", 7)
				pod.CreationTimestamp = observation.Ago(1000 * time.Hour)
				return pod
			}(),
			strings.TrimPrefix(observation.CrashLoop("vectors-2"), "pod vectors-2: "), 30 * time.Second,
		},
		"a pod that answered until it crashed, as it did once long ago": {
			observation.Pod("vectors-2", ended(observation.Waiting("CrashLoopBackOff", "").State, 1, corev1.ContainerStateTerminated{
				ExitCode: 1, StartedAt: observation.Ago(time.Hour), FinishedAt: observation.Ago(31 * time.Second),
			})),
			"CrashLoopBackOff: it exited with code 1 (waiting for it to start and keep running" + logs, 31 * time.Second,
		},
		"it has not answered within its deadline": {
			slow(ended(runs(), 1, corev1.ContainerStateTerminated{StartedAt: observation.Ago(29 * time.Second), FinishedAt: observation.Ago(17 * time.Second)})),
			"Error: it exited with code 0 and Kubernetes starts it again " + longer, 0,
		},
		"it has not answered within its deadline twice": {
			slow(ended(runs(), 2, corev1.ContainerStateTerminated{StartedAt: observation.Ago(15 * time.Second), FinishedAt: observation.Ago(3 * time.Second)})),
			"CrashLoopBackOff: it exited with code 0 " + longer, 30 * time.Second,
		},
		"it has exited before its deadline": {
			slow(ended(runs(), 2, corev1.ContainerStateTerminated{StartedAt: observation.Ago(15 * time.Second), FinishedAt: observation.Ago(8 * time.Second)})),
			"CrashLoopBackOff: it exited with code 0 (waiting for it to start and keep running" + logs, 30 * time.Second,
		},
		"ended for the first time": {
			observation.Pod("vectors-2", corev1.ContainerStatus{Name: "barq-db", State: hasEnded(outOfMemory)}),
			"OOMKilled: it exited with code 137 (OOMKilled) and Kubernetes starts it again (waiting for it to start and keep running" + logs, 0,
		},
		"reads its data again after it ended once": {
			observation.Pod("vectors-2", ended(runs(), 1, outOfMemory)),
			"OOMKilled: it exited with code 137 (OOMKilled) and Kubernetes starts it again (waiting for it to start and keep running" + logs, 0,
		},
		"reads its data again after it ended once, as it did long ago": {
			observation.Pod("vectors-2", ended(runs(), 5, corev1.ContainerStateTerminated{ExitCode: 2, StartedAt: observation.Ago(time.Hour), FinishedAt: observation.Ago(31 * time.Second)})),
			"Error: it exited with code 2 and Kubernetes starts it again (waiting for it to start and keep running" + logs, 0,
		},
		"an init container cannot be made": {
			func() corev1.Pod {
				pod := observation.Pod("vectors-2", observation.Waiting("PodInitializing", ""))
				pod.Status.InitContainerStatuses = []corev1.ContainerStatus{
					{Name: "first", Ready: true, State: hasEnded(corev1.ContainerStateTerminated{Reason: "Completed"})},
					{Name: "mesh", State: observation.Waiting("ErrImagePull", "not found").State},
				}
				return pod
			}(),
			"ErrImagePull: init container mesh: not found (waiting for an image that can be pulled)", 30 * time.Second,
		},
		"an init container crashes": {
			func() corev1.Pod {
				pod := observation.Pod("vectors-2", observation.Waiting("PodInitializing", ""))
				pod.Status.InitContainerStatuses = []corev1.ContainerStatus{observation.Crashing("", 3).Status.ContainerStatuses[0]}
				pod.Status.InitContainerStatuses[0].Name = "mesh"
				return pod
			}(),
			"CrashLoopBackOff: init container mesh: it exited with code 1 (Error) (waiting for it to start and keep running" + logs, 30 * time.Second,
		},
		"an injected container crashes": {
			func() corev1.Pod {
				pod := observation.Pod("vectors-2", observation.Started(0))
				mesh := observation.Crashing("", 3).Status.ContainerStatuses[0]
				mesh.Name = "mesh"
				pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, mesh)
				return pod
			}(),
			"CrashLoopBackOff: container mesh: it exited with code 1 (Error) (waiting for it to start and keep running" + logs, 30 * time.Second,
		},
		"no node": {
			observation.Unscheduled("vectors-2", 10*time.Second), "Unschedulable: 0/3 nodes are available (waiting for a node)", 10 * time.Second,
		},
		"no node yet, as every pod whose volume is not bound": {observation.Unscheduled("vectors-2", 9*time.Second), "", 0},
		"its containers are being made":                       {observation.Pod("vectors-2", observation.Waiting("ContainerCreating", "")), "", 0},
		"its containers have been made for ten minutes": {
			func() corev1.Pod {
				pod := observation.Pod("vectors-2", observation.Waiting("ContainerCreating", ""))
				pod.Status.Conditions[0].LastTransitionTime = observation.Ago(10 * time.Minute)
				return pod
			}(),
			"ContainerCreating: its containers have not been created yet; kubectl describe pod vectors-2 shows why (waiting for its volume and its image)",
			10 * time.Minute,
		},
		"it has read its data for a day": {
			func() corev1.Pod {
				pod := observation.Pod("vectors-2", observation.Started(0))
				pod.CreationTimestamp = observation.Ago(24 * time.Hour)
				pod.Status.Conditions[0].LastTransitionTime = observation.Ago(24 * time.Hour)
				return pod
			}(), "", 0,
		},
		"its node does not report": {
			observation.Withheld("vectors-2", "", ""),
			"NodeNotReady: its node node-a does not report (Ready is False though its container was ready) " +
				"(waiting for its node to report; kubectl describe node node-a shows more)", 20 * time.Second,
		},
		"its node does not report, and it crashed before": {
			func() corev1.Pod {
				pod := observation.Withheld("vectors-2", "", "")
				pod.Status.ContainerStatuses[0].RestartCount = 7
				return pod
			}(),
			"NodeNotReady: its node node-a does not report (Ready is False though its container was ready) " +
				"(waiting for its node to report; kubectl describe node node-a shows more)", 20 * time.Second,
		},
		"its readiness gates are not passed yet": {
			observation.Withheld("vectors-2", "ReadinessGatesNotReady", `the status of pod readiness gate "example.com/lb" is not "True", but False`), "", 0,
		},
		"its readiness gates have not been passed for ten minutes": {
			func() corev1.Pod {
				pod := observation.Withheld("vectors-2", "ReadinessGatesNotReady", `the status of pod readiness gate "example.com/lb" is not "True", but False`)
				pod.Status.Conditions[0].LastTransitionTime, pod.Status.Conditions[1].LastTransitionTime = observation.Ago(time.Hour), observation.Ago(10*time.Minute)
				return pod
			}(),
			`ReadinessGatesNotReady: the status of pod readiness gate "example.com/lb" is not "True", but False ` +
				"(waiting for the controllers that set its readiness gates)", 10 * time.Minute,
		},
		"its node gave it up": {
			func() corev1.Pod {
				pod := observation.Pod("vectors-2")
				pod.Status.Phase, pod.Status.Reason, pod.Status.Message = corev1.PodFailed, "Evicted", "low on memory"
				return pod
			}(), "Evicted: low on memory (waiting for its replacement)", 30 * time.Second,
		},
		"stopping": {
			func() corev1.Pod {
				pod := observation.Crashing("vectors-2", 2)
				pod.DeletionTimestamp = ptr.To(observation.Ago(9 * time.Second))
				return pod
			}(), "", 0,
		},
		"its node is lost, so that it never stops": {
			func() corev1.Pod {
				pod := observation.Pod("vectors-2", observation.Started(0))
				pod.DeletionTimestamp = ptr.To(observation.Ago(10 * time.Second))
				return pod
			}(),
			"Terminating: its grace period ended at 2026-01-02T03:03:55Z and it is still there " +
				"(waiting for its node node-a to report that it has stopped)", 10 * time.Second,
		},
		"a finalizer holds it": {
			func() corev1.Pod {
				pod := observation.Pod("vectors-2", observation.Started(0))
				pod.DeletionTimestamp, pod.Finalizers = ptr.To(observation.Ago(10*time.Second)), []string{"example.com/a", "example.com/b"}
				return pod
			}(),
			"Terminating: its grace period ended at 2026-01-02T03:03:55Z and it is still there " +
				"(waiting for the removal of its finalizers example.com/a, example.com/b)", 10 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			// The cache has no more of a pod.
			_, err := clusters.StripPod(&test.pod)
			require.NoError(t, err)
			found := podissue.Diagnose(&test.pod, now, deadline)
			if test.want == "" {
				require.Nil(t, found.Issue)
				return
			}
			require.Equal(t, "pod vectors-2: "+test.want, found.Issue.String())
			if test.since == 0 {
				require.Zero(t, found.Issue.Since)
				require.False(t, found.Issue.LastsFor(deadline, now.Add(1000*time.Hour)))
				return
			}
			left := deadline - test.since
			require.True(t, found.Issue.LastsFor(deadline, now.Add(left)), "it weighs more at the deadline")
			require.False(t, found.Issue.LastsFor(deadline, now.Add(left-time.Second)), "not before")
			if left > 0 {
				require.Equal(t, now.Add(left), found.Changes, "nothing but time goes by")
			}
		})
	}
}

// More people read the status than logs, and a database that fails over a credential may print it.
func TestNoLogReachesAMessage(t *testing.T) {
	message := func(policy corev1.TerminationMessagePolicy) string {
		pod := observation.Crashing("vectors-2", 2)
		pod.Status.ContainerStatuses[0].LastTerminationState.Terminated.Message = "the key is hunter2"
		pod.Spec.Containers = []corev1.Container{{Name: "barq-db", TerminationMessagePolicy: policy}}
		return podissue.Diagnose(&pod, now, deadline).Issue.String()
	}
	require.NotContains(t, message(corev1.TerminationMessageFallbackToLogsOnError), "hunter2")
	// A container writes its termination message for a status.
	require.Contains(t, message(corev1.TerminationMessageReadFile), "it exited with code 1 (Error): the key is hunter2 (waiting")
}

// The agent writes JSON, for programs.
func TestWhatTheAgentSays(t *testing.T) {
	pod := observation.Crashing("vectors-2", 2)
	pod.Status.ContainerStatuses[0].LastTerminationState.Terminated.Message = string(agentapi.Termination{
		Reason: agentapi.ReasonLogNotIntact, Message: "a line has to go", File: "wal.jsonl", Line: 11,
	}.Encode())
	require.Contains(t, podissue.Diagnose(&pod, now, deadline).Issue.String(), "it exited with code 1 (Error): LogNotIntact: a line has to go (waiting")
}

// A registry's answer has no limit of its own.
func TestAnIssueIsBounded(t *testing.T) {
	pod := observation.Pod("vectors-2", observation.Waiting("ErrImagePull", strings.Repeat("ü", 10_000)))
	text := podissue.Diagnose(&pod, now, deadline).Issue.String()
	require.InDelta(t, 1024, len(text), 1)
	require.True(t, utf8.ValidString(text))
	require.True(t, strings.HasSuffix(text, "ü... (waiting for an image that can be pulled)"), text)
}
