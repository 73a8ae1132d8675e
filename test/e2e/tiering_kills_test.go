package e2e

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/e2e/pods"
)

// Processes, pods and volumes are killed while clients write, and the starts that follow too. Each write that was answered is there
// after each kill, once.
func TestNoArchivedWriteIsLostByKills(t *testing.T) {
	onOwnNode(t)
	kills := 50
	if testing.Short() {
		kills = 3
	}
	for name, kind := range tieredKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind.durability = v1alpha1.DurabilityArchived
			vectors := kind.create(t)
			pod := &suite.Pods(t, vectors)[0]
			f := newFilling(t, pod)
			began, volumes, interrupted := time.Now(), 0, 0
			for kill := range kills {
				from, before := int(f.next.Load()), f.count()
				f.start(t, pod, 0)
				suite.Eventually(t, func() string {
					if f.count() == before {
						return "nothing is answered yet"
					}
					return ""
				})
				time.Sleep(time.Duration(rand.IntN(1500)) * time.Millisecond)
				if kill%2 == 1 {
					deletePVCs(t, vectors)
					volumes++
				}
				killProcess(t, pod, []string{"barq-agent", "barq-server", ""}[kill%3])
				f.end()
				if rand.IntN(2) == 0 {
					pod = killStart(t, vectors, pod)
					interrupted++
				}
				pod = waitSuccessor(t, vectors, pod)
				f.check(t, pod, from, all())
			}
			there, required := f.check(t, pod, 0, all())
			t.Logf("%d kills, %d volumes thrown away, %d starts interrupted, %d of %d documents answered are there, and %d of the others, after %.0f s",
				kills, volumes, interrupted, required, f.count(), there-required, time.Since(began).Seconds())
			waitDocuments(t, vectors, there)
			suite.WaitReady(t, vectors)
			suite.WaitFor(t, vectors, v1alpha1.ConditionArchiving, metav1.ConditionTrue, v1alpha1.ReasonShipping)
		})
	}
}

// killProcess kills the process of a pod that runs a program, and then the pod, after which the kubelet does not wait with the next one.
func killProcess(t *testing.T, pod *corev1.Pod, program string) {
	t.Helper()
	if program != "" {
		killed, err := pods.Signal(syscall.SIGKILL, pod.UID, program)
		require.NoError(t, err)
		require.Equal(t, 1, killed, "processes of %s in pod %s", program, pod.Name)
	}
	killPod(t, pod)
}

// killStart kills the pod after this one while it starts, and returns it. The container that installs the agent, the restore, and the
// start of the server take about as long as it waits at most.
func killStart(t *testing.T, cluster *v1alpha1.BarqCluster, former *corev1.Pod) *corev1.Pod {
	t.Helper()
	var successor *corev1.Pod
	suite.Eventually(t, func() string {
		if successor = successorOf(t, cluster, former); successor == nil {
			return "there is no other pod"
		}
		// Signal 0 only counts.
		running, err := pods.Signal(0, successor.UID, "barq-agent")
		require.NoError(t, err)
		if running == 0 {
			return "the agent has not started"
		}
		return ""
	})
	time.Sleep(time.Duration(rand.IntN(1500)) * time.Millisecond)
	killPod(t, successor)
	return successor
}
