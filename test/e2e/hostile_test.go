package e2e

import (
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/test/bench/procfs"
	"github.com/barq-db/barq-operator/test/e2e/pods"
	"github.com/barq-db/barq-operator/test/hostile"
)

// A thousand hostile requests restart nothing, and those of others are answered as they should be. The second thousand takes no
// more memory of the agent than the first.
func TestHostileRequests(t *testing.T) {
	onOwnNode(t)
	const count = 50
	namespace := newNamespace(t)
	vectors := newCluster(t, namespace, "vectors", `{storage: {size: 64Mi}, minReadySeconds: 1}`)
	suite.WaitReady(t, vectors)
	fill(t, namespace, "vectors-0", count)
	before := suite.Runs(t, vectors)
	pod := suite.Pods(t, vectors)[0]
	target := hostile.Target{
		HTTP: net.JoinHostPort(pod.Status.PodIP, "8080"), RPC: net.JoinHostPort(pod.Status.PodIP, "50051"), Collection: collection,
	}
	var peaks []int64
	// The first ones let the agent take what it takes.
	for range 3 {
		ended := make(chan error, 1)
		go func() { ended <- hostile.Send(t.Context(), target, 1000, 64) }()
		searched := 0
		for open := true; open; searched++ {
			select {
			case err := <-ended:
				require.NoError(t, err)
				open = false
			default:
				require.Equal(t, count, found(t, namespace, "vectors-0", count))
			}
		}
		peaks = append(peaks, peakOf(t, &pod))
		t.Logf("all documents were read %d times meanwhile, and the agent took at most %d MiB", searched, peaks[len(peaks)-1]>>20)
	}
	require.Equal(t, before, suite.Runs(t, vectors))
	require.Less(t, peaks[2], peaks[1]+8<<20)
	suite.WaitReady(t, vectors)
}

// peakOf is the most memory that the agent of a pod has taken.
func peakOf(t *testing.T, pod *corev1.Pod) int64 {
	t.Helper()
	agent, is := 0, pods.Of(pod.UID, "barq-agent")
	signalProcesses(t, syscall.Signal(0), func(pid int, executable string) bool {
		found := is(pid, executable)
		if found {
			agent = pid
		}
		return found
	})
	memory, err := procfs.ReadMemory(agent)
	require.NoError(t, err)
	return memory.Peak
}
