package integration

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	testcluster "github.com/barq-db/barq-operator/test/cluster"
)

// crashLoop is the annotation that lets the simulated pods crash.
const crashLoop = "test.barq.db/crash-loop"

// crashes is what the status says of a pod that does.
func crashes(pod string) string {
	return "pod " + pod + ": CrashLoopBackOff: it exited with code 1 (Error) " +
		"(waiting for it to start and keep running; kubectl logs " + pod + " --previous shows why it exited)"
}

// setCrashLoop lets one pod crash, or repairs it.
func setCrashLoop(t *testing.T, namespace, pod, value string) {
	t.Helper()
	output(t, kubectl("-n", namespace, "annotate", "--overwrite", "pod/"+pod, crashLoop+"="+value))
}

// waitMessage waits for what Ready says, word by word.
func waitMessage(t *testing.T, cluster *v1alpha1.BarqCluster, message string) *metav1.Condition {
	t.Helper()
	var ready *metav1.Condition
	eventually(t, func() string {
		refresh(t, cluster)
		ready = meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady)
		if ready != nil && ready.Message == message {
			return ""
		}
		return fmt.Sprintf("Ready: %+v", ready)
	})
	return ready
}

// A database whose every pod crashes is Degraded within seconds, and Stalled at the
// deadline, which counts on while the operator is away. It heals when it is corrected.
func TestEveryPodCrashes(t *testing.T) {
	namespace := newNamespace(t)
	start := time.Now()
	cluster := newCluster(t, namespace, "db", `{replicas: 3, progressDeadlineSeconds: 20, podAnnotations: {`+crashLoop+`: "true"}}`)
	const deadline = 20 * time.Second
	const none = "0 of 3 pods answer, not the primary db-0: clients get no answer; "
	all := none + crashes("db-0") + "; " + crashes("db-1") + "; " + crashes("db-2")
	ready := waitMessage(t, cluster, all)
	t.Logf("Degraded %s after it was made", time.Since(start).Round(time.Millisecond))
	first, last := crashed(t, cluster)
	require.Less(t, time.Since(last), 10*time.Second)
	require.Equal(t, v1alpha1.ReasonPodsNotReady, ready.Reason)
	require.Equal(t, v1alpha1.PhaseDegraded, cluster.Status.Phase)
	require.True(t, meta.IsStatusConditionTrue(cluster.Status.Conditions, v1alpha1.ConditionReconciling))
	require.True(t, meta.IsStatusConditionFalse(cluster.Status.Conditions, v1alpha1.ConditionStalled))

	time.Sleep(5 * time.Second)
	operator.Kill()
	require.NoError(t, operator.Start())
	started := time.Now()

	stalled := waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonProgressDeadlineExceeded)
	t.Logf("Stalled %s after the crash", stalled.LastTransitionTime.Sub(first))
	latest := first.Add(deadline)
	if started.After(latest) {
		latest = started
	}
	require.WithinRange(t, stalled.LastTransitionTime.Time, first.Add(deadline), latest.Add(5*time.Second))
	require.Equal(t, all, stalled.Message)
	require.Equal(t, v1alpha1.PhaseFailed, cluster.Status.Phase)
	require.True(t, meta.IsStatusConditionFalse(cluster.Status.Conditions, v1alpha1.ConditionReconciling))

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.PodAnnotations = nil })
	waitReady(t, cluster)
	require.True(t, meta.IsStatusConditionFalse(cluster.Status.Conditions, v1alpha1.ConditionStalled))
	requireTold(t, cluster, 1, `^Warning ProgressDeadlineExceeded: pods have been in trouble for 20s or longer`)
}

// crashed returns when the first and the last of the pods have crashed.
func crashed(t *testing.T, cluster *v1alpha1.BarqCluster) (first, last time.Time) {
	t.Helper()
	for _, pod := range pods(t, cluster) {
		at := pod.Status.ContainerStatuses[0].LastTerminationState.Terminated.FinishedAt.Time
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	return first, last
}

// requireTold waits until as many events as that match.
func requireTold(t *testing.T, cluster *v1alpha1.BarqCluster, times int, pattern string) {
	t.Helper()
	expression := regexp.MustCompile(pattern)
	eventually(t, func() string {
		all := events(t, cluster)
		if len(slices.DeleteFunc(slices.Clone(all), func(event string) bool { return !expression.MatchString(event) })) == times {
			return ""
		}
		return strings.Join(all, "\n")
	})
}

// What concerns a follower alone does not read as an outage, and what concerns the
// primary does, though as many pods answer.
func TestAFollowerCrashesAndThePrimaryDoes(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 3}`)
	waitReady(t, cluster)
	before := identities(t, cluster)

	// A rollout stops at the first pod, which is the last follower.
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.PodAnnotations = map[string]string{crashLoop: "true"} })
	waitMessage(t, cluster, "2 of 3 pods answer, the primary db-0 among them; "+crashes("db-2")+"; after that the rollout goes on to the other 2"+
		"; the pods are replaced, because the spec has changed (generation 2): metadata.annotations")
	require.Equal(t, v1alpha1.PhaseDegraded, cluster.Status.Phase)
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.PodAnnotations = nil })
	waitReady(t, cluster)
	after := identities(t, cluster)
	require.Equal(t, []string{before["db-0"], before["db-1"]}, []string{after["db-0"], after["db-1"]}, "they had nothing to be corrected")

	setCrashLoop(t, namespace, "db-0", "true")
	waitMessage(t, cluster, "2 of 3 pods answer, not the primary db-0: clients get no answer; "+crashes("db-0"))
	require.Equal(t, v1alpha1.PhaseDegraded, cluster.Status.Phase)
	setCrashLoop(t, namespace, "db-0", "false")
	waitReady(t, cluster)
}

// While paused the status says what is held back, and what the pods do.
func TestAPauseTellsWhatItHoldsBack(t *testing.T) {
	namespace := newNamespace(t)
	secret := newSecret(t, namespace, "keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	cluster := newCluster(t, namespace, "db", s3Tier)
	waitReady(t, cluster)
	applied, acted := cluster.Status.AppliedSpecHash, cluster.Generation
	require.Len(t, applied, 64)
	require.True(t, meta.IsStatusConditionFalse(cluster.Status.Conditions, v1alpha1.ConditionChangesPending))

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = true })
	const paused = "spec.paused is true: the operator changes nothing until it is false; "
	waitMessage(t, cluster, paused+"1 of 1 pods answer")
	waitFor(t, cluster, v1alpha1.ConditionChangesPending, metav1.ConditionFalse, v1alpha1.ReasonNothingPending)

	// What changes no object is not a change that is held back.
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.ProgressDeadlineSeconds = ptr.To[int32](60) })
	waitFor(t, cluster, v1alpha1.ConditionChangesPending, metav1.ConditionFalse, v1alpha1.ReasonNothingPending)

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" })
	pending := waitFor(t, cluster, v1alpha1.ConditionChangesPending, metav1.ConditionTrue, v1alpha1.ReasonPaused)
	require.Equal(t, "held back until spec.paused is false: the spec, which is not the one that was last applied", pending.Message)
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "info" })
	waitFor(t, cluster, v1alpha1.ConditionChangesPending, metav1.ConditionFalse, v1alpha1.ReasonNothingPending)

	secret.StringData = map[string]string{"AWS_SECRET_ACCESS_KEY": "rotated"}
	require.NoError(t, admin.Update(t.Context(), secret))
	pending = waitFor(t, cluster, v1alpha1.ConditionChangesPending, metav1.ConditionTrue, v1alpha1.ReasonPaused)
	require.Equal(t, "held back until spec.paused is false: the Secrets, which have changed since they were last applied", pending.Message)

	setCrashLoop(t, namespace, "db-0", "true")
	ready := waitMessage(t, cluster, paused+"0 of 1 pods answer; "+crashes("db-0"))
	require.Equal(t, metav1.ConditionFalse, ready.Status)
	require.Equal(t, v1alpha1.PhasePaused, cluster.Status.Phase)
	require.Equal(t, int32(0), cluster.Status.ReadyReplicas)
	require.Equal(t, []any{applied, acted}, []any{cluster.Status.AppliedSpecHash, cluster.Status.ObservedGeneration}, "nothing was acted upon")

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = false })
	waitReady(t, cluster)
	require.Equal(t, applied, cluster.Status.AppliedSpecHash, "all that differs changes no object")
	waitFor(t, cluster, v1alpha1.ConditionChangesPending, metav1.ConditionFalse, v1alpha1.ReasonNothingPending)
	requireTold(t, cluster, 1, `^Normal Resumed: `)
}

// More pods are not more copies of the data, and that is said once.
func TestMorePodsAreNoCopies(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	require.Nil(t, meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionDataRedundancy))
	const event = `^Warning PrimaryOnly: Barq DB copies nothing between pods\. Of the . pods only db-0 holds data`
	requireTold(t, cluster, 0, event)

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
	waitFor(t, cluster, v1alpha1.ConditionDataRedundancy, metav1.ConditionFalse, v1alpha1.ReasonPrimaryOnly)
	waitReady(t, cluster)
	operator.Kill()
	require.NoError(t, operator.Start())
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" })
	waitReady(t, cluster)
	requireTold(t, cluster, 1, event)

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](1) })
	waitReady(t, cluster)
	require.Nil(t, meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionDataRedundancy))
}

func TestEndpointsOfIndependentDatabases(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 2, topology: {mode: Independent}}`)
	waitReady(t, cluster)
	database := func(pod string) v1alpha1.DatabaseEndpoint {
		host := pod + "." + namespace + ".svc"
		return v1alpha1.DatabaseEndpoint{Pod: pod, HTTP: "http://" + host + ":8080", GRPC: host + ":50051"}
	}
	require.Equal(t, &v1alpha1.Endpoints{Databases: []v1alpha1.DatabaseEndpoint{database("db-0"), database("db-1")}}, cluster.Status.Endpoints)
	waitFor(t, cluster, v1alpha1.ConditionDataRedundancy, metav1.ConditionFalse, v1alpha1.ReasonIndependentDatabases)
	for _, database := range cluster.Status.Endpoints.Databases {
		require.Equal(t, database.Pod, service(t, namespace, database.Pod).Selector["statefulset.kubernetes.io/pod-name"], "the address leads to its pod")
	}
}

// The URL says https when the database speaks it.
func TestTheEndpointOfAnEncryptedDatabase(t *testing.T) {
	namespace := newNamespace(t)
	newSecret(t, namespace, "certificate", map[string]string{"tls.crt": "certificate", "tls.key": "key"})
	cluster := newCluster(t, namespace, "db", `{tls: {secretName: certificate}}`)
	waitReady(t, cluster)
	require.Equal(t, &v1alpha1.Endpoints{
		HTTP: "https://db." + namespace + ".svc:8080", GRPC: "db." + namespace + ".svc:50051",
	}, cluster.Status.Endpoints)
}

// A pod that may not be made does not exist, and is told of all the same.
func TestAQuotaKeepsAPodFromBeingMade(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "few"}}
	quota.Spec.Hard = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("2")}
	require.NoError(t, admin.Create(t.Context(), quota))
	eventually(t, func() string {
		refresh(t, quota)
		if len(quota.Status.Hard) == 0 {
			return "the quota is not in force yet"
		}
		return ""
	})

	cluster := newCluster(t, namespace, "db", `{replicas: 3, progressDeadlineSeconds: 10}`)
	ready := waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonPodsNotReady)
	require.Equal(t, v1alpha1.PhaseDegraded, cluster.Status.Phase)
	eventually(t, func() string {
		refresh(t, cluster)
		ready = meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady)
		if regexp.MustCompile(`^2 of 3 pods answer, .*; pod db-[0-2]: FailedCreate: [Cc]reate Pod db-[0-2] in StatefulSet db failed error: ` +
			`.*exceeded quota: few.* \(waiting for the API server to let it be created\)$`).MatchString(ready.Message) {
			return ""
		}
		return ready.Message
	})
	waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonProgressDeadlineExceeded)

	patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"hard":{"pods":"3"}}}`))
	require.NoError(t, admin.Patch(t.Context(), quota, patch))
	waitReady(t, cluster)
}

// A pod that does not go is told of, with who holds it.
func TestAPodThatDoesNotGo(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	pod := &pods(t, cluster)[0]
	hold := func(finalizers string) {
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":`+finalizers+`}}`))
		require.NoError(t, admin.Patch(t.Context(), pod, patch))
	}
	hold(`["example.com/hold"]`)
	require.NoError(t, admin.Delete(t.Context(), pod, client.GracePeriodSeconds(1)))

	eventually(t, func() string {
		refresh(t, cluster)
		ready := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady)
		if strings.Contains(ready.Message, "; pod db-0: Terminating: its grace period ended at ") &&
			strings.HasSuffix(ready.Message, " and it is still there (waiting for the removal of its finalizers example.com/hold)") {
			return ""
		}
		return ready.Message
	})
	require.Equal(t, v1alpha1.PhaseDegraded, cluster.Status.Phase)
	hold(`null`)
	waitReady(t, cluster)
}

// A rollout is over when its pods have answered for as long as the spec says. The wait is longer than that of a status that
// is only progress.
func TestReadyWaitsForMinReadySeconds(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{minReadySeconds: 20}`)
	waitMessage(t, cluster, "1 of 1 pods answer; waiting until all have answered for 20 s (spec.minReadySeconds)")
	require.Equal(t, v1alpha1.PhaseProgressing, cluster.Status.Phase)
	waitReady(t, cluster)
	pod := pods(t, cluster)[0]
	answers := slices.IndexFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodReady })
	require.GreaterOrEqual(t, time.Since(pod.Status.Conditions[answers].LastTransitionTime.Time), 20*time.Second)
}

// Sleep, waking and their events.
func TestHibernationIsTold(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](0) })
	waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = true })
	waitMessage(t, cluster, "spec.paused is true: the operator changes nothing until it is false; no pod is asked for")
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = false })
	waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](1) })
	waitReady(t, cluster)
	requireTold(t, cluster, 1, `^Normal Woken: replicas is 1: pods are created on the volumes that were kept$`)
	requireTold(t, cluster, 1, `^Normal Resumed: `)
}

// Events are history: a refusal that is over does not explain why a pod is missing for a moment, nor how long.
func TestARefusalThatIsOver(t *testing.T) {
	namespace := newNamespace(t)
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "none"}}
	quota.Spec.Hard = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")}
	const deadline = 10 * time.Second
	refuse := func() {
		quota.ResourceVersion, quota.Status = "", corev1.ResourceQuotaStatus{}
		require.NoError(t, admin.Create(t.Context(), quota))
		eventually(t, func() string {
			refresh(t, quota)
			if len(quota.Status.Hard) == 0 {
				return "the quota is not in force yet"
			}
			return ""
		})
	}
	refusedNow := func(cluster *v1alpha1.BarqCluster) {
		eventually(t, func() string {
			refresh(t, cluster)
			if ready := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady); ready == nil || !strings.Contains(ready.Message, "exceeded quota") {
				return fmt.Sprintf("%+v", ready)
			}
			return ""
		})
	}
	refuse()
	cluster := newCluster(t, namespace, "db", `{progressDeadlineSeconds: 10}`)
	refusedNow(cluster)
	require.NoError(t, admin.Delete(t.Context(), quota))
	waitReady(t, cluster)
	time.Sleep(deadline)

	watcher, err := admin.Watch(t.Context(), &v1alpha1.BarqClusterList{}, client.InNamespace(namespace),
		&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: cluster.ResourceVersion}})
	require.NoError(t, err)
	restarts := map[string]func(){
		"deleted":    func() { require.NoError(t, admin.Delete(t.Context(), &pods(t, cluster)[0])) },
		"rolled out": func() { change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" }) },
		"scaled": func() {
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](0) })
			waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
		},
		"deleted by another operator process": func() {
			operator.Kill()
			require.NoError(t, admin.Delete(t.Context(), &pods(t, cluster)[0]))
			require.NoError(t, operator.Start())
		},
	}
	for _, name := range []string{"deleted", "rolled out", "scaled", "deleted by another operator process"} {
		before := identities(t, cluster)
		restarts[name]()
		eventually(t, func() string {
			if after := identities(t, cluster); before["db-0"] == after["db-0"] || after["db-0"] == "" {
				return name + ": the pod was not replaced"
			}
			return ""
		})
		waitReady(t, cluster)
	}
	for last, event := cluster.ResourceVersion, (*v1alpha1.BarqCluster)(nil); event == nil || event.ResourceVersion != last; {
		event = (<-watcher.ResultChan()).Object.(*v1alpha1.BarqCluster)
		require.True(t, meta.IsStatusConditionFalse(event.Status.Conditions, v1alpha1.ConditionStalled), "%+v", event.Status)
		require.NotContains(t, meta.FindStatusCondition(event.Status.Conditions, v1alpha1.ConditionReady).Message, "quota")
	}
	watcher.Stop()

	// A new refusal counts from now on.
	refuse()
	since := time.Now()
	require.NoError(t, admin.Delete(t.Context(), &pods(t, cluster)[0]))
	refusedNow(cluster)
	stalled := waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonProgressDeadlineExceeded)
	require.GreaterOrEqual(t, stalled.LastTransitionTime.Sub(since), deadline-time.Second)
	require.NoError(t, admin.Delete(t.Context(), quota))
	waitReady(t, cluster)
}

// Kubernetes takes Ready away from the pods of a node that does not report, and says no more.
func TestANodeThatDoesNotReport(t *testing.T) {
	if testing.Short() {
		t.Skip("waits a minute; the end-to-end tests stop a real node")
	}
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `
progressDeadlineSeconds: 10
tolerations:
- {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute}
- {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute}`)
	waitReady(t, cluster)
	node := pods(t, cluster)[0].Spec.NodeName
	// Kubernetes takes the pods of this one away after five minutes, and says no more until then.
	evicted := newCluster(t, namespace, "evicted", `{replicas: 2, topology: {mode: Independent}}`)
	waitReady(t, evicted)

	ctx, resume := context.WithCancel(t.Context())
	resumed := make(chan error, 1)
	go func() { resumed <- control.Pause(ctx, testcluster.Simulation, 3*time.Minute) }()
	defer resume()
	// The nodes are given 50 seconds.
	patient := suite()
	patient.Patience = 3 * patience
	patient.Eventually(t, func() string {
		refresh(t, cluster)
		if meta.IsStatusConditionTrue(cluster.Status.Conditions, v1alpha1.ConditionReady) {
			return "it is Ready"
		}
		return ""
	})
	ready := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady)
	require.Equal(t, "0 of 1 pods answer; pod db-0: NodeNotReady: its node "+node+" does not report (Ready is False though its container was ready) "+
		"(waiting for its node to report; kubectl describe node "+node+" shows more)", ready.Message)
	require.Equal(t, v1alpha1.ReasonPodsNotReady, ready.Reason)
	waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonProgressDeadlineExceeded)
	require.Equal(t, v1alpha1.PhaseFailed, cluster.Status.Phase)
	eventually(t, func() string {
		refresh(t, evicted)
		said := meta.FindStatusCondition(evicted.Status.Conditions, v1alpha1.ConditionReady).Message
		for _, pod := range pods(t, evicted) {
			if !strings.HasPrefix(said, "0 of 2 pods answer") ||
				!strings.Contains(said, "pod "+pod.Name+": NodeNotReady: its node "+pod.Spec.NodeName+" does not report") {
				return said
			}
		}
		return ""
	})
	resume()
	require.ErrorIs(t, <-resumed, context.Canceled)
	waitReady(t, cluster)
	waitReady(t, evicted)
}

// Pods that answer are not enough: clients, the NetworkPolicy and rollouts reach them by other objects. While paused
// nothing corrects those.
func TestWhatIsInTheWayOfPodsThatAnswer(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = true })
	const paused = "spec.paused is true: the operator changes nothing until it is false; 1 of 1 pods answer"
	waitMessage(t, cluster, paused)
	waitFor(t, cluster, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonPaused)
	patch := func(kind, patch string) {
		output(t, kubectl("-n", namespace, "patch", kind, "db", "--type=merge", "-p", patch))
	}
	for _, test := range []struct{ kind, wrong, right, message string }{
		{
			"service", `{"spec":{"selector":{"app.kubernetes.io/instance":"other"}}}`, `{"spec":{"selector":{"app.kubernetes.io/instance":"db"}}}`,
			"the selector of Service db does not match pod db-0, so clients do not reach it",
		},
		{
			"networkpolicy", `{"spec":{"podSelector":{"matchLabels":{"app.kubernetes.io/instance":"other"}}}}`,
			`{"spec":{"podSelector":{"matchLabels":{"app.kubernetes.io/instance":"db"}}}}`,
			"NetworkPolicy db does not select pod db-0, so every pod of the Kubernetes cluster may reach it",
		},
		{
			"statefulset", `{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}`, `{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}`,
			"the update strategy of StatefulSet db has the partition 2, so no rollout reaches the pods below that number",
		},
		{
			"statefulset", `{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}`, `{"spec":{"updateStrategy":{"type":"RollingUpdate"}}}`,
			"StatefulSet db has the update strategy OnDelete, so no rollout reaches its pods",
		},
	} {
		patch(test.kind, test.wrong)
		require.Equal(t, metav1.ConditionFalse, waitMessage(t, cluster, paused+"; "+test.message).Status)
		patch(test.kind, test.right)
		require.Equal(t, metav1.ConditionTrue, waitMessage(t, cluster, paused).Status)
	}
	require.NoError(t, admin.Delete(t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "db"}}))
	waitMessage(t, cluster, paused+"; Service db does not exist, so clients do not reach pod db-0")
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = false })
	waitReady(t, cluster)
}
