package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/test/barqcluster"
	barq "github.com/barq-db/barq-operator/test/barqserver/client"
)

// The agent of a plain release stops the database in time, starts it in spite of a write that it cannot read, and the
// database has its documents with and without the agent.
func TestTheAgentOfAPlainRelease(t *testing.T) {
	const count = 50
	namespace := newNamespace(t)
	release := func(verb string, values ...string) {
		t.Helper()
		args := []string{verb, "vectors", filepath.Join(root, "helm-charts", "barq-db"), "-n", namespace, "--wait", "--timeout", "3m"}
		for _, value := range values {
			args = append(args, "--set", value)
		}
		out, err := exec.CommandContext(t.Context(), "helm", args...).CombinedOutput()
		require.NoError(t, err, "helm %s: %s", strings.Join(args, " "), out)
	}
	byDigest := func(prefix, reference string) string {
		repository, digest, _ := strings.Cut(reference, "@")
		return prefix + "image.repository=" + repository + "," + prefix + "image.tag=," + prefix + "image.digest=" + digest
	}
	release("install", byDigest("", images.database), "storage.size=64Mi,minReadySeconds=1,resources.requests.memory=32Mi",
		"agent.enabled=true", byDigest("agent.", images.agent))
	database := barqcluster.Parse(t, namespace, "vectors", `{}`)
	fill(t, namespace, "vectors-0", count)

	pod := suite.Pods(t, database)[0]
	start := time.Now()
	require.NoError(t, suite.Client.Delete(t.Context(), &pod))
	awaitSuccessor(t, database, pod.Name, string(pod.UID))
	require.Less(t, time.Since(start), drainTime)
	waitSuccessor(t, database, &pod)
	require.Equal(t, count, found(t, namespace, "vectors-0", count))

	poison(t, namespace, "vectors-0")
	replacePod(t, database, client.GracePeriodSeconds(0))
	require.Equal(t, count, found(t, namespace, "vectors-0", count))
	out, err := kubectl("-n", namespace, "exec", "vectors-0", "--", "/opt/barq-agent/barq-agent", "quarantine", "list").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "collections/"+collection+"/wal.jsonl")

	release("upgrade", "agent.enabled=false", byDigest("", images.database), "storage.size=64Mi,minReadySeconds=1,resources.requests.memory=32Mi")
	require.Empty(t, suite.Pods(t, database)[0].Spec.InitContainers)
	require.Equal(t, count, found(t, namespace, "vectors-0", count))
}

// A write that Barq DB cannot read again is taken out of the log. The status says so until a person has decided.
func TestTheStatusOfAPoisonedLog(t *testing.T) {
	const count = 50
	namespace := newNamespace(t)
	vectors := newCluster(t, namespace, "vectors", `{storage: {size: 64Mi}, minReadySeconds: 1}`)
	suite.WaitReady(t, vectors)
	fill(t, namespace, "vectors-0", count)
	suite.WaitFor(t, vectors, v1alpha1.ConditionLogIntact, metav1.ConditionTrue, v1alpha1.ReasonIntact)
	suite.WaitFor(t, vectors, v1alpha1.ConditionAgentReachable, metav1.ConditionTrue, v1alpha1.ReasonAgentAnswers)

	poison(t, namespace, "vectors-0")
	replacePod(t, vectors, client.GracePeriodSeconds(0))
	suite.WaitReady(t, vectors)
	condition := suite.WaitFor(t, vectors, v1alpha1.ConditionLogIntact, metav1.ConditionFalse, v1alpha1.ReasonWritesQuarantined)
	require.Contains(t, condition.Message, "1 acknowledged writes of pod vectors-0 were taken out of the log at a start")
	require.Contains(t, condition.Message, "in collection "+collection+" of tenant default, at line ")
	suite.Eventually(t, func() string {
		// Events are written after the status.
		if events := strings.Join(suite.Events(t, vectors), "\n"); !strings.Contains(events, "Warning WritesQuarantined: 1 acknowledged writes") {
			return events
		}
		suite.Refresh(t, vectors)
		if found := vectors.Status.Database; found.Documents != count || found.QuarantinedWrites != 1 || found.LastStart.Seconds == nil {
			return fmt.Sprintf("status.database is %+v", found)
		}
		return ""
	})

	// The last command of the message ends the warning.
	command := strings.Fields(condition.Message[strings.LastIndex(condition.Message, "kubectl exec"):])[1:]
	out, err := kubectl(append([]string{"-n", namespace}, command...)...).CombinedOutput()
	require.NoError(t, err, string(out))
	suite.WaitFor(t, vectors, v1alpha1.ConditionLogIntact, metav1.ConditionTrue, v1alpha1.ReasonIntact)

	// What a person decides beforehand: the database does not start.
	suite.Change(t, vectors, func(spec *v1alpha1.BarqClusterSpec) {
		spec.Log = &v1alpha1.LogSpec{InvalidLines: v1alpha1.InvalidLinesRefuse}
	})
	suite.WaitReady(t, vectors)
	poison(t, namespace, "vectors-0")
	pod := suite.Pods(t, vectors)[0]
	require.NoError(t, suite.Client.Delete(t.Context(), &pod, client.GracePeriodSeconds(0)))
	condition = suite.WaitFor(t, vectors, v1alpha1.ConditionLogIntact, metav1.ConditionFalse, v1alpha1.ReasonLogNotIntact)
	require.Contains(t, condition.Message, "the database of pod vectors-0 does not start, because of line ")
	suite.Change(t, vectors, func(spec *v1alpha1.BarqClusterSpec) { spec.Log = nil })
	suite.WaitReady(t, vectors)
	suite.WaitFor(t, vectors, v1alpha1.ConditionLogIntact, metav1.ConditionFalse, v1alpha1.ReasonWritesQuarantined)
	require.Equal(t, count, found(t, namespace, "vectors-0", count))
}

// A second pod on the volume of a database ends and names the first, which notices nothing.
func TestTwoPodsOnOneVolume(t *testing.T) {
	const count = 50
	namespace := newNamespace(t)
	vectors := newCluster(t, namespace, "vectors", `{storage: {size: 64Mi}, minReadySeconds: 1}`)
	suite.WaitReady(t, vectors)
	fill(t, namespace, "vectors-0", count)
	before := suite.Runs(t, vectors)

	first := suite.Pods(t, vectors)[0]
	second := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "second"}, Spec: *first.Spec.DeepCopy()}
	second.Spec.RestartPolicy, second.Spec.Hostname = corev1.RestartPolicyNever, ""
	require.NoError(t, suite.Client.Create(t.Context(), second))
	var ended *corev1.ContainerStateTerminated
	suite.Eventually(t, func() string {
		suite.Refresh(t, second)
		if len(second.Status.ContainerStatuses) == 1 {
			ended = second.Status.ContainerStatuses[0].State.Terminated
		}
		if ended == nil {
			return fmt.Sprintf("the second pod has not ended: %+v", second.Status.ContainerStatuses)
		}
		return ""
	})
	said, ok := agentapi.DecodeTermination(ended.Message)
	require.True(t, ok, ended.Message)
	require.Equal(t, agentapi.ReasonDataDirectoryInUse, said.Reason)
	require.Contains(t, said.Message, "vectors-0")
	require.Equal(t, int32(1), ended.ExitCode)
	require.Equal(t, before, suite.Runs(t, vectors))
	require.Equal(t, count, found(t, namespace, "vectors-0", count))
}

// poison writes a document that Barq DB takes and cannot read again. The agent refuses it, so it goes to the server itself.
func poison(t *testing.T, namespace, pod string) {
	t.Helper()
	askAt(t, namespace, pod, 8081, nil, func(ctx context.Context, database *barq.Client) {
		answer, err := database.Send(ctx, http.MethodPost, "/collections/"+collection+"/documents", "application/json", `{"id":4711,"vector":[1e39,0,0,0]}`)
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, answer.Status, answer.Body)
	})
}

// awaitAgent waits until each pod of a BarqCluster is Ready and has the agent of an image, or none if that is empty.
func awaitAgent(t *testing.T, cluster *v1alpha1.BarqCluster, image string) {
	t.Helper()
	suite.Eventually(t, func() string {
		pods := suite.Pods(t, cluster)
		if int32(len(pods)) != cluster.Spec.DesiredReplicas() {
			return fmt.Sprintf("%s has %d pods", cluster.Name, len(pods))
		}
		for i := range pods {
			found := ""
			for _, container := range pods[i].Spec.InitContainers {
				found = container.Image
			}
			if found != image || !podReady(&pods[i]) {
				return fmt.Sprintf("pod %s has the agent %q, or is not Ready", pods[i].Name, found)
			}
		}
		return ""
	})
}

// replacePod deletes the pod of a release, and waits until its successor answers.
func replacePod(t *testing.T, database *v1alpha1.BarqCluster, options ...client.DeleteOption) {
	t.Helper()
	pod := suite.Pods(t, database)[0]
	require.NoError(t, suite.Client.Delete(t.Context(), &pod, options...))
	waitSuccessor(t, database, &pod)
}

// waitSuccessor waits until the pod after this one answers, and returns it.
func waitSuccessor(t *testing.T, database *v1alpha1.BarqCluster, former *corev1.Pod) *corev1.Pod {
	t.Helper()
	var successor *corev1.Pod
	suite.Eventually(t, func() string {
		successor = successorOf(t, database, former)
		if successor == nil || successor.DeletionTimestamp != nil || !podReady(successor) {
			return "no other pod answers"
		}
		return ""
	})
	return successor
}

// successorOf returns the pod that has taken the place of this one, or nil.
func successorOf(t *testing.T, database *v1alpha1.BarqCluster, former *corev1.Pod) *corev1.Pod {
	t.Helper()
	for _, pod := range suite.Pods(t, database) {
		if pod.Name == former.Name && pod.UID != former.UID {
			return &pod
		}
	}
	return nil
}
