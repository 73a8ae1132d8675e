package cluster

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/test/cluster/process/processtest"
	"github.com/barq-db/barq-operator/test/wait"
)

// patience is how long a test waits for what takes about a second.
const patience = 30 * time.Second

// Two clusters are started at the same time, as from two checkouts, and each
// test below has one of them.
func TestTwoClusters(t *testing.T) {
	if testing.Short() {
		t.Skip("starts two control planes")
	}
	clusters := startAtOnce(t, 2)

	t.Run("workloads", func(t *testing.T) { testWorkloads(t, clusters[0]) })
	t.Run("a second start in the directory is refused", func(t *testing.T) { testSecondStart(t, clusters[0]) })
	t.Run("faults", func(t *testing.T) { testFaults(t, clusters[0]) })
	t.Run("stop", func(t *testing.T) { testStop(t, clusters[0]) })
	t.Run("a process that dies ends its cluster", func(t *testing.T) { testProcessDies(t, clusters[1]) })
}

func startAtOnce(t *testing.T, count int) []*Cluster {
	t.Helper()
	clusters := make([]*Cluster, count)
	errs := make([]error, count)
	var group sync.WaitGroup
	for i := range count {
		dir := t.TempDir()
		group.Go(func() { clusters[i], errs[i] = Start(t.Context(), Options{Dir: dir, Out: os.Stderr}) })
	}
	group.Wait()
	for i := range count {
		if clusters[i] != nil {
			t.Cleanup(func() { _ = clusters[i].Stop() })
		}
	}
	for i := range count {
		require.NoError(t, errs[i])
	}
	return clusters
}

func testWorkloads(t *testing.T, c *Cluster) {
	client := clientFor(t, c)
	t.Run("the API server says its version", func(t *testing.T) { testVersion(t, client) })
	t.Run("a StatefulSet with volumes becomes Ready", func(t *testing.T) { testStatefulSet(t, client) })
	t.Run("a missing image", func(t *testing.T) { testMissingImage(t, client) })
	t.Run("a crash loop", func(t *testing.T) { testCrashLoop(t, client) })
	t.Run("a pod has the address that it asks for", func(t *testing.T) { testAddress(t, client) })
	t.Run("a pod that is to end does", func(t *testing.T) { testCompletion(t, client) })
	t.Run("a pod that fits no node stays Pending", func(t *testing.T) { testUnschedulable(t, client) })
	t.Run("nothing was simulated twice or in vain", func(t *testing.T) {
		log, err := os.ReadFile(c.directory.log(kwok))
		require.NoError(t, err)
		require.NotContains(t, string(log), `"level":"ERROR"`)
	})
}

func testVersion(t *testing.T, client kubernetes.Interface) {
	if os.Getenv(AssetsVariable) != "" {
		t.Skip(AssetsVariable + " brings a version of its own")
	}
	root, err := repositoryRoot()
	require.NoError(t, err)
	pinned, err := pinnedVersions(root)
	require.NoError(t, err)
	version, err := client.Discovery().ServerVersion()
	require.NoError(t, err)
	require.Contains(t, pinned, strings.TrimPrefix(version.GitVersion, "v"))
	require.Equal(t, []string{"v" + version.Major, version.Minor}, strings.Split(version.GitVersion, ".")[:2])
}

func testStatefulSet(t *testing.T, client kubernetes.Interface) {
	namespace := newNamespace(t, client)
	const replicas = 3
	set := statefulSet(replicas)
	_, err := client.AppsV1().StatefulSets(namespace).Create(t.Context(), set, metav1.CreateOptions{})
	require.NoError(t, err)
	eventually(t, "all replicas are ready", func(ctx context.Context) (bool, error) {
		found, err := client.AppsV1().StatefulSets(namespace).Get(ctx, set.Name, metav1.GetOptions{})
		return err == nil && found.Status.ReadyReplicas == replicas, err
	})

	pvcs := client.CoreV1().PersistentVolumeClaims(namespace)
	found, err := pvcs.List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, found.Items, replicas)
	for _, pvc := range found.Items {
		require.Equal(t, corev1.ClaimBound, pvc.Status.Phase)
		require.Equal(t, StorageClass, *pvc.Spec.StorageClassName)
		require.Equal(t, "1Gi", pvc.Status.Capacity.Storage().String())
	}

	pods, err := client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	addresses := map[string]bool{}
	for _, pod := range pods.Items {
		addresses[pod.Status.PodIP] = true
	}
	require.Len(t, addresses, replicas, "each pod has an address of its own")
	require.NotContains(t, addresses, "")

	t.Run("a PVC grows", func(t *testing.T) {
		grow := []byte(`{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}`)
		pvc, err := pvcs.Patch(t.Context(), found.Items[0].Name, types.MergePatchType, grow, metav1.PatchOptions{})
		require.NoError(t, err)
		eventually(t, "the PVC and its volume have the new size", func(ctx context.Context) (bool, error) {
			grown, err := pvcs.Get(ctx, pvc.Name, metav1.GetOptions{})
			if err != nil {
				return false, err
			}
			volume, err := client.CoreV1().PersistentVolumes().Get(ctx, pvc.Spec.VolumeName, metav1.GetOptions{})
			if err != nil {
				return false, err
			}
			return grown.Status.Capacity.Storage().String() == "2Gi" && volume.Spec.Capacity.Storage().String() == "2Gi", nil
		})
	})

	t.Run("a PVC that is deleted takes its volume along", func(t *testing.T) {
		scale := []byte(`{"spec":{"replicas":0}}`)
		_, err := client.AppsV1().StatefulSets(namespace).Patch(t.Context(), set.Name, types.MergePatchType, scale, metav1.PatchOptions{})
		require.NoError(t, err)
		eventually(t, "the pods are gone", func(ctx context.Context) (bool, error) {
			pods, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
			return err == nil && len(pods.Items) == 0, err
		})
		kept, err := pvcs.List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		require.Len(t, kept.Items, replicas, "no pod, but the PVCs are kept")

		gone := kept.Items[0]
		require.NoError(t, pvcs.Delete(t.Context(), gone.Name, metav1.DeleteOptions{}))
		eventually(t, "the volume is gone, and only that one", func(ctx context.Context) (bool, error) {
			volumes, err := client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
			if err != nil {
				return false, err
			}
			var left []string
			for _, volume := range volumes.Items {
				left = append(left, volume.Name)
			}
			for _, pvc := range kept.Items[1:] {
				require.Contains(t, left, pvc.Spec.VolumeName)
			}
			return len(left) == replicas-1, nil
		})
	})
}

func testMissingImage(t *testing.T, client kubernetes.Interface) {
	namespace := newNamespace(t, client)
	pods := client.CoreV1().Pods(namespace)
	pod := createPod(t, client, namespace, func(pod *corev1.Pod) {
		pod.Spec.Containers = []corev1.Container{
			{Name: "fine", Image: "example.com/fine:v1"},
			{Name: "missing", Image: "example.com/missing:does-not-exist"},
		}
	})
	reasons := waitingReasons(t, client, pod, "ImagePullBackOff")
	require.Equal(t, []string{"", "ImagePullBackOff"}, reasons)
	broken, err := pods.Get(t.Context(), pod.Name, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, corev1.PodPending, broken.Status.Phase)
	require.False(t, isReady(broken))

	correction := []byte(`{"spec":{"containers":[{"name":"missing","image":"example.com/missing:v1"}]}}`)
	_, err = pods.Patch(t.Context(), pod.Name, types.StrategicMergePatchType, correction, metav1.PatchOptions{})
	require.NoError(t, err)
	eventuallyReady(t, client, pod)
}

func testCrashLoop(t *testing.T, client kubernetes.Interface) {
	namespace := newNamespace(t, client)
	pods := client.CoreV1().Pods(namespace)
	pod := createPod(t, client, namespace, nil)
	eventuallyReady(t, client, pod)

	annotate := func(value string) {
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{"test.barq.db/crash-loop":%s}}}`, value)
		_, err := pods.Patch(t.Context(), pod.Name, types.MergePatchType, patch, metav1.PatchOptions{})
		require.NoError(t, err)
	}
	annotate(`"true"`)
	require.Equal(t, []string{"CrashLoopBackOff"}, waitingReasons(t, client, pod, "CrashLoopBackOff"))
	crashing, err := pods.Get(t.Context(), pod.Name, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, corev1.PodRunning, crashing.Status.Phase)
	require.False(t, isReady(crashing))

	annotate("null")
	eventuallyReady(t, client, pod)
}

func testAddress(t *testing.T, client kubernetes.Interface) {
	for _, asked := range []string{"", "192.0.2.7"} {
		namespace := newNamespace(t, client)
		pod := createPod(t, client, namespace, func(pod *corev1.Pod) {
			pod.Annotations = map[string]string{"example.com/other": "annotation"}
			if asked != "" {
				pod.Annotations[AddressAnnotation] = asked
			}
		})
		eventuallyReady(t, client, pod)
		found, err := client.CoreV1().Pods(namespace).Get(t.Context(), pod.Name, metav1.GetOptions{})
		require.NoError(t, err)
		require.Equal(t, []corev1.PodIP{{IP: found.Status.PodIP}}, found.Status.PodIPs)
		if asked == "" {
			require.Regexp(t, `^10\.`, found.Status.PodIP)
		} else {
			require.Equal(t, asked, found.Status.PodIP)
		}
	}
}

func testCompletion(t *testing.T, client kubernetes.Interface) {
	namespace := newNamespace(t, client)
	pod := createPod(t, client, namespace, func(pod *corev1.Pod) {
		pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	})
	eventually(t, "the pod has succeeded", func(ctx context.Context) (bool, error) {
		found, err := client.CoreV1().Pods(namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		return err == nil && found.Status.Phase == corev1.PodSucceeded, err
	})
}

func testUnschedulable(t *testing.T, client kubernetes.Interface) {
	namespace := newNamespace(t, client)
	pod := createPod(t, client, namespace, func(pod *corev1.Pod) {
		pod.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100000")}
	})
	eventually(t, "the scheduler says that no node has room", func(ctx context.Context) (bool, error) {
		found, err := client.CoreV1().Pods(namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil || len(found.Status.Conditions) == 0 {
			return false, err
		}
		condition := found.Status.Conditions[0]
		return condition.Reason == corev1.PodReasonUnschedulable && strings.Contains(condition.Message, "Insufficient cpu"), nil
	})
}

func testSecondStart(t *testing.T, c *Cluster) {
	dir := string(c.directory)
	_, err := Start(t.Context(), Options{Dir: dir})
	require.EqualError(t, err, fmt.Sprintf("a cluster runs in %s already, owned by process %d", dir, os.Getpid()))

	running, err := Find(dir)
	require.NoError(t, err)
	require.Equal(t, os.Getpid(), running.PID)
	require.Equal(t, c.Kubeconfig(), running.Kubeconfig())
	require.NoError(t, running.WaitReady(t.Context()))
}

func testStop(t *testing.T, c *Cluster) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	require.NoError(t, err)
	var pids []int
	for _, p := range c.processes {
		pids = append(pids, p.PID())
		require.NoError(t, syscall.Kill(p.PID(), 0), "%s runs before the stop", p.Name)
	}
	require.Len(t, pids, 5)
	addresses := []string{strings.TrimPrefix(config.Host, "https://")}
	for _, port := range c.ports {
		addresses = append(addresses, fmt.Sprintf("127.0.0.1:%d", port.Number))
	}

	require.NoError(t, c.Stop())
	require.NoError(t, c.Stop(), "a second stop does nothing")

	for _, pid := range pids {
		require.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "process %d is gone", pid)
	}
	for _, address := range addresses {
		listener, err := net.Listen("tcp", address)
		require.NoError(t, err, "%s is free", address)
		require.NoError(t, listener.Close())
	}
	left, err := fs.Glob(os.DirFS(string(c.directory)), "*")
	require.NoError(t, err)
	require.Equal(t, []string{"logs", "owner.pid"}, left)
	running, err := Find(string(c.directory))
	require.NoError(t, err)
	require.Nil(t, running)
}

// What was stored is there again, and the cluster does not end.
func testFaults(t *testing.T, c *Cluster) {
	client, err := c.client()
	require.NoError(t, err)
	namespaces := client.CoreV1().Namespaces()
	_, err = namespaces.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kept"}}, metav1.CreateOptions{})
	require.NoError(t, err)

	for _, component := range []Component{APIServer, Etcd, APIServer} {
		before, err := c.place(component)
		require.NoError(t, err)
		require.NoError(t, c.Restart(t.Context(), component, 100*time.Millisecond))
		require.ErrorIs(t, syscall.Kill(before.PID(), 0), syscall.ESRCH)
		require.Eventually(t, func() bool {
			_, err := namespaces.Get(t.Context(), "kept", metav1.GetOptions{})
			return err == nil
		}, patience, 100*time.Millisecond)
	}

	paused := make(chan error)
	const length = 2 * time.Second
	go func() { paused <- c.Pause(t.Context(), Etcd, length) }()
	time.Sleep(length / 4)
	began := time.Now()
	_, err = namespaces.Get(t.Context(), "kept", metav1.GetOptions{})
	require.NoError(t, err)
	require.Greater(t, time.Since(began), length/2, "the answer came when etcd went on")
	require.NoError(t, <-paused)

	require.EqualError(t, c.Pause(t.Context(), "kubelet", length), "the cluster has no kubelet")
	require.NoError(t, c.running.Err())
}

func testProcessDies(t *testing.T, c *Cluster) {
	killed := c.processes[0]
	require.Equal(t, etcd, killed.Name)
	require.NoError(t, syscall.Kill(killed.PID(), syscall.SIGKILL))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.ErrorContains(t, c.Wait(ctx), "etcd ended with signal: killed; its log is "+
		filepath.Join(string(c.directory), "logs", "etcd.log"))
	require.NoError(t, c.Stop())
}

func TestStartThatIsInterruptedLeavesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	dir := t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupt := fmt.Errorf("Ctrl-C")
	_, err := Start(ctx, Options{Dir: dir, Out: writerFunc(func(line string) {
		if strings.HasPrefix(line, "starting controllers") {
			cancel(interrupt)
		}
	})})
	require.ErrorIs(t, err, interrupt)
	left, err := fs.Glob(os.DirFS(dir), "*")
	require.NoError(t, err)
	require.Equal(t, []string{"logs", "owner.pid"}, left)
	require.Empty(t, processtest.Mentioning(t, dir))
}

type writerFunc func(string)

func (f writerFunc) Write(data []byte) (int, error) {
	f(string(data))
	return len(data), nil
}

func clientFor(t *testing.T, c *Cluster) kubernetes.Interface {
	t.Helper()
	config, err := c.Config()
	require.NoError(t, err)
	client, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	return client
}

func newNamespace(t *testing.T, client kubernetes.Interface) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	created, err := client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{})
	require.NoError(t, err)
	eventually(t, "the namespace has its service account", func(ctx context.Context) (bool, error) {
		accounts, err := client.CoreV1().ServiceAccounts(created.Name).List(ctx, metav1.ListOptions{})
		return err == nil && len(accounts.Items) == 1, err
	})
	return created.Name
}

func createPod(t *testing.T, client kubernetes.Interface, namespace string, change func(*corev1.Pod)) *corev1.Pod {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "pod"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "container", Image: "example.com/fine:v1"}}},
	}
	if change != nil {
		change(pod)
	}
	created, err := client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{})
	require.NoError(t, err)
	return created
}

func statefulSet(replicas int32) *appsv1.StatefulSet {
	labels := map[string]string{"app": "store"}
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "store"},
		Spec: appsv1.StatefulSetSpec{
			Replicas: ptr.To(replicas),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "store", Image: "example.com/store:v1",
					VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}},
				}}},
			},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{
				ObjectMeta: metav1.ObjectMeta{Name: "data"},
				Spec: corev1.PersistentVolumeClaimSpec{
					AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
					Resources: corev1.VolumeResourceRequirements{
						Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
					},
				},
			}},
		},
	}
}

// waitingReasons waits until a container waits for the reason, and returns that of
// each container, empty for one that runs.
func waitingReasons(t *testing.T, client kubernetes.Interface, pod *corev1.Pod, reason string) []string {
	t.Helper()
	var reasons []string
	eventually(t, "a container waits because of "+reason, func(ctx context.Context) (bool, error) {
		found, err := client.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		reasons = nil
		seen := false
		for _, status := range found.Status.ContainerStatuses {
			waiting := ptr.Deref(status.State.Waiting, corev1.ContainerStateWaiting{})
			reasons = append(reasons, waiting.Reason)
			seen = seen || waiting.Reason == reason
		}
		return seen, nil
	})
	return reasons
}

func eventuallyReady(t *testing.T, client kubernetes.Interface, pod *corev1.Pod) {
	t.Helper()
	eventually(t, "the pod is Ready", func(ctx context.Context) (bool, error) {
		found, err := client.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		return err == nil && isReady(found), err
	})
}

// eventually logs how long the wait was, because a test cluster that has become
// slow is a fault too.
func eventually(t *testing.T, expected string, check func(context.Context) (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, fmt.Errorf("not within %s", patience))
	defer cancel()
	started := time.Now()
	require.NoError(t, wait.For(ctx, expected, check))
	t.Logf("%s after %.1f s", expected, time.Since(started).Seconds())
}
