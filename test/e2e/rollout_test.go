package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// drainTime is how long an ordinary stop may take: what is left of requests, and
// what the kubelet needs to see it. The grace period is 60 seconds.
const drainTime = 15 * time.Second

// An ordinary stop takes the time to drain, not the grace period, because the
// database is sent the one signal that it heeds.
func TestAStopTakesTheDrainTime(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{storage: {size: 64Mi}}`)
	suite.WaitReady(t, cluster)
	requireDrained(t, cluster)
}

// requireDrained deletes the first pod of a BarqCluster that is Ready, requires that its stop takes the drain time, and waits for the
// successor.
func requireDrained(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	pod := suite.Pods(t, cluster)[0]
	require.Equal(t, ptr.To[int64](60), pod.Spec.TerminationGracePeriodSeconds)
	start := time.Now()
	require.NoError(t, suite.Client.Delete(t.Context(), &pod))
	awaitSuccessor(t, cluster, pod.Name, string(pod.UID))
	took := time.Since(start)
	t.Logf("the pod was gone after %s", rounded(took))
	require.Less(t, took, drainTime)
	suite.WaitReady(t, cluster)
}

// awaitSuccessor waits until the pod of that UID is gone.
func awaitSuccessor(t *testing.T, cluster *v1alpha1.BarqCluster, name, uid string) {
	t.Helper()
	suite.Eventually(t, func() string {
		if suite.Identities(t, cluster)[name] == uid {
			return "pod " + name + " was not replaced yet"
		}
		return ""
	})
}

// A broken image stops at the first pod that gets it, which is not the primary, is
// told within seconds, and is corrected by a correction of the spec.
func TestABrokenImageLeavesThePrimaryServing(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 3, storage: {size: 64Mi}}`)
	suite.WaitReady(t, cluster)
	before := suite.Identities(t, cluster)
	fill(t, namespace, "db-0", 10)

	broken := images.database[:strings.LastIndex(images.database, "/")] + "/does-not-exist:1"
	suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Image = broken })
	var ready *string
	var start time.Time
	suite.Eventually(t, func() string {
		if start.IsZero() {
			if !waitsForImage(suite.Pods(t, cluster)) {
				return "no pod waits for its image"
			}
			start = time.Now()
		}
		suite.Refresh(t, cluster)
		condition := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady)
		ready = &condition.Message
		if condition.Reason == v1alpha1.ReasonPodsNotReady && strings.Contains(condition.Message, "db-2") && strings.Contains(condition.Message, "Pull") {
			return ""
		}
		return condition.Reason + ": " + condition.Message
	})
	named := time.Since(start)
	t.Logf("named after %s: %s", rounded(named), *ready)
	require.Less(t, named, 5*time.Second)
	require.Equal(t, v1alpha1.PhaseDegraded, cluster.Status.Phase)

	// The other two go on with the old image, for as long as it takes.
	time.Sleep(5 * time.Second)
	now := suite.Identities(t, cluster)
	require.Equal(t, before["db-0"], now["db-0"])
	require.Equal(t, before["db-1"], now["db-1"])
	require.Equal(t, 10, found(t, namespace, "db-0", 10))

	suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Image = images.otherDatabase })
	suite.WaitReady(t, cluster)
	for _, pod := range suite.Pods(t, cluster) {
		require.Equal(t, images.otherDatabase, pod.Spec.Containers[0].Image)
	}
	require.Equal(t, 10, found(t, namespace, "db-0", 10))
}

// waitsForImage reports whether a container of a pod has an image that cannot be pulled.
func waitsForImage(all []corev1.Pod) bool {
	return anyContainer(all, func(status corev1.ContainerStatus) bool {
		return status.State.Waiting != nil && strings.Contains(status.State.Waiting.Reason, "Pull")
	})
}

// hasEnded reports whether a container of a pod has exited.
func hasEnded(all []corev1.Pod) bool {
	return anyContainer(all, func(status corev1.ContainerStatus) bool {
		return status.State.Terminated != nil || status.LastTerminationState.Terminated != nil
	})
}

func anyContainer(all []corev1.Pod, is func(corev1.ContainerStatus) bool) bool {
	return slices.ContainsFunc(all, func(pod corev1.Pod) bool { return slices.ContainsFunc(pod.Status.ContainerStatuses, is) })
}

// A database whose every pod ends as soon as it starts is Degraded within seconds,
// with the reason of its container, Stalled after the deadline, and well again as
// soon as the spec is.
func TestACrashLoopIsTold(t *testing.T) {
	namespace := newNamespace(t)
	// A wrong image that can be pulled: the operator's ends at once without an account.
	cluster := newCluster(t, namespace, "db", "{replicas: 2, storage: {size: 64Mi}, progressDeadlineSeconds: 10, image: "+images.operator+"}")
	says := func(words ...string) {
		t.Helper()
		suite.Eventually(t, func() string {
			suite.Refresh(t, cluster)
			ready := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady)
			if ready == nil || slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(ready.Message, word) }) {
				return fmt.Sprintf("%+v", ready)
			}
			return ""
		})
	}
	suite.Eventually(t, func() string {
		if !hasEnded(suite.Pods(t, cluster)) {
			return "no pod has exited"
		}
		return ""
	})
	start := time.Now()
	says("exited with code 1")
	t.Logf("told after %s", rounded(time.Since(start)))
	require.Less(t, time.Since(start), 5*time.Second)
	require.Contains(t, []v1alpha1.Phase{v1alpha1.PhaseDegraded, v1alpha1.PhaseFailed}, cluster.Status.Phase)

	suite.WaitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonProgressDeadlineExceeded)
	t.Logf("stalled after %s", rounded(time.Since(start)))
	says("pod db-0:", "pod db-1:")

	suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Image = images.database })
	suite.WaitReady(t, cluster)
	require.True(t, meta.IsStatusConditionFalse(cluster.Status.Conditions, v1alpha1.ConditionStalled))
}

// New pods are made one at a time, from the highest ordinal down, each only when
// the one before has answered for minReadySeconds.
func TestARolloutGoesOnePodAtATime(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 3, storage: {size: 64Mi}, minReadySeconds: 3}`)
	suite.WaitReady(t, cluster)

	suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Image = images.otherDatabase })
	replaced := map[string]time.Time{}
	suite.Eventually(t, func() string {
		pods := suite.Pods(t, cluster)
		away := 3
		for _, pod := range pods {
			if podReady(&pod) {
				away--
			}
			if pod.Spec.Containers[0].Image == images.otherDatabase && podReady(&pod) && replaced[pod.Name].IsZero() {
				replaced[pod.Name] = time.Now()
			}
		}
		require.LessOrEqual(t, away, 1, "pods that do not answer")
		if len(replaced) == 3 {
			return ""
		}
		return fmt.Sprintf("replaced: %v", replaced)
	})
	const wait = 3 * time.Second
	require.GreaterOrEqual(t, replaced["db-1"].Sub(replaced["db-2"]), wait)
	require.GreaterOrEqual(t, replaced["db-0"].Sub(replaced["db-1"]), wait)
	suite.WaitReady(t, cluster)
}

// A rotated Secret restarts each pod once; Secrets and ConfigMaps that the spec does
// not refer to do nothing at all.
func TestARotatedSecretRestartsThePodsOnce(t *testing.T) {
	namespace := newNamespace(t)
	secret := &corev1.Secret{StringData: map[string]string{"token": "one"}}
	secret.Namespace, secret.Name = namespace, "keys"
	require.NoError(t, suite.Client.Create(t.Context(), secret))
	cluster := newCluster(t, namespace, "db", `
replicas: 2
storage: {size: 64Mi}
env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: keys, key: token}}}]
`)
	suite.WaitReady(t, cluster)
	before, revision := suite.Identities(t, cluster), helmRevisions(t, namespace)

	passes := helmPasses(t)
	for number := range 10 {
		unrelated := &corev1.Secret{StringData: map[string]string{"key": fmt.Sprint(number)}}
		unrelated.Namespace, unrelated.Name = namespace, fmt.Sprintf("unrelated-%d", number)
		require.NoError(t, suite.Client.Create(t.Context(), unrelated))
		configMap := &corev1.ConfigMap{Data: map[string]string{"key": fmt.Sprint(number)}}
		configMap.Namespace, configMap.Name = namespace, unrelated.Name
		require.NoError(t, suite.Client.Create(t.Context(), configMap))
	}
	time.Sleep(3 * time.Second)
	require.Equal(t, passes, helmPasses(t), "Helm passes")
	require.Equal(t, before, suite.Identities(t, cluster))

	secret.StringData = map[string]string{"token": "two"}
	require.NoError(t, suite.Client.Update(t.Context(), secret))
	suite.Eventually(t, func() string {
		for name, uid := range suite.Identities(t, cluster) {
			if before[name] == uid {
				return "pod " + name + " was not replaced yet"
			}
		}
		return ""
	})
	suite.WaitReady(t, cluster)
	after := suite.Identities(t, cluster)
	time.Sleep(5 * time.Second)
	require.Equal(t, after, suite.Identities(t, cluster), "replaced a second time")
	require.Equal(t, revision+1, helmRevisions(t, namespace))
}

// helmRevisions counts the stored releases of a namespace.
func helmRevisions(t *testing.T, namespace string) int {
	t.Helper()
	var secrets corev1.SecretList
	require.NoError(t, suite.Client.List(t.Context(), &secrets, client.InNamespace(namespace), client.MatchingLabels{"owner": "helm"}))
	return len(secrets.Items)
}

func podReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil
		}
	}
	return false
}
