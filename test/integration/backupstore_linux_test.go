//go:build linux

package integration

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/backupstore"
	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/test/objectservers"
)

// probes is the kubelet for the pods of probes: it runs the real agent with the arguments of the pod.
type probes struct{ agent, namespace string }

func newProbes(t *testing.T, namespace string) *probes {
	t.Helper()
	agent := filepath.Join(t.TempDir(), "barq-agent")
	output(t, exec.Command("go", "build", "-o", agent, root+"/cmd/barq-agent"))
	return &probes{agent: agent, namespace: namespace}
}

func (p *probes) pods(t *testing.T) []corev1.Pod {
	t.Helper()
	var found corev1.PodList
	require.NoError(t, admin.List(t.Context(), &found, client.InNamespace(p.namespace), client.MatchingLabels(backupstore.Labels())))
	return found.Items
}

// run waits for a pod, and does what it says.
func (p *probes) run(t *testing.T) *corev1.Pod {
	t.Helper()
	var pod corev1.Pod
	eventually(t, func() string {
		found := p.pods(t)
		if len(found) != 1 || found[0].DeletionTimestamp != nil {
			return "there is no pod of a probe, or more than one"
		}
		pod = found[0]
		return ""
	})
	folder := t.TempDir()
	log := filepath.Join(folder, "termination-log")
	require.NoError(t, os.WriteFile(log, nil, 0o600))
	container := pod.Spec.Containers[0]
	arguments := slices.Concat(container.Args, []string{"--termination-log=" + log})
	for _, variable := range container.Env {
		secret := &corev1.Secret{}
		ref := variable.ValueFrom.SecretKeyRef
		require.NoError(t, admin.Get(t.Context(), client.ObjectKey{Namespace: p.namespace, Name: ref.Name}, secret))
		for i := range arguments {
			arguments[i] = strings.ReplaceAll(arguments[i], "$("+variable.Name+")", string(secret.Data[ref.Key]))
		}
	}
	for i, volume := range pod.Spec.Volumes[:len(container.VolumeMounts)] {
		mount := container.VolumeMounts[i]
		require.Equal(t, volume.Name, mount.Name)
		secret := &corev1.Secret{}
		require.NoError(t, admin.Get(t.Context(), client.ObjectKey{Namespace: p.namespace, Name: volume.Secret.SecretName}, secret))
		files := map[string]string{}
		for key, content := range secret.Data {
			files[key] = string(content)
		}
		mounted := filepath.Join(folder, mount.Name)
		require.NoError(t, os.Mkdir(mounted, 0o700))
		require.NoError(t, objectservers.WriteSecret(mounted, files))
		for i := range arguments {
			arguments[i] = strings.ReplaceAll(arguments[i], "="+mount.MountPath, "="+mounted)
		}
	}
	command := exec.Command(p.agent, arguments...)
	out, err := command.CombinedOutput()
	said, readErr := os.ReadFile(log)
	require.NoError(t, readErr)
	require.NotEmpty(t, said, "%s: %v: %s", strings.Join(arguments, " "), err, out)
	eventually(t, func() string {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(&pod), &pod); err != nil {
			return err.Error()
		}
		pod.Status.Phase = corev1.PodSucceeded
		if err != nil {
			pod.Status.Phase = corev1.PodFailed
		}
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: container.Name, State: corev1.ContainerState{
			Terminated: &corev1.ContainerStateTerminated{ExitCode: int32(command.ProcessState.ExitCode()), Message: string(said)},
		}}}
		if err := admin.Status().Update(t.Context(), &pod); err != nil {
			return err.Error()
		}
		return ""
	})
	return &pod
}

func TestABackupStoreIsTried(t *testing.T) {
	namespace := newNamespace(t)
	server := objectservers.ForTest(t, root, objectstore.S3)
	require.NoError(t, server.CreateBucket(t.Context(), "barq"))
	store := storeOf(t, namespace, "backups", `{
		provider: s3, bucketSecretRef: {name: where, key: bucket}, prefix: team, region: us-east-1, endpoint: "`+server.URL()+`",
		credentialsSecretRef: {name: keys}, serverSideEncryption: {type: AES256}}`)
	require.NoError(t, admin.Create(t.Context(), store))
	waitStore(t, store, v1alpha1.ReasonAgentImageMissing)

	operator.Stop()
	startOperator(t, []string{"RELATED_IMAGE_BARQ_AGENT=" + agentImage})
	kubelet := newProbes(t, namespace)
	missing := waitStore(t, store, v1alpha1.ReasonSecretMissing)
	require.Equal(t, `Secret "keys", which spec.credentialsSecretRef names, does not exist; create it with the key(s) AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY; `+
		`Secret "where", which spec.bucketSecretRef names, does not exist; create it with the key(s) bucket`, missing.Message)
	require.Empty(t, kubelet.pods(t))

	newSecret(t, namespace, "where", map[string]string{"bucket": "barq"})
	keys := newSecret(t, namespace, "keys", server.Secret())
	probing := waitStore(t, store, v1alpha1.ReasonProbing)
	require.Equal(t, metav1.ConditionUnknown, probing.Status)
	first := kubelet.run(t)
	require.Equal(t, agentImage, first.Spec.Containers[0].Image)
	ready := waitStore(t, store, v1alpha1.ReasonReachable)
	require.Equal(t, metav1.ConditionTrue, ready.Status)
	require.Equal(t, []int64{store.Generation, store.Generation}, []int64{store.Status.ObservedGeneration, ready.ObservedGeneration})
	require.WithinDuration(t, time.Now(), store.Status.LastProbeTime.Time, patience)
	gone(t, first)
	require.Equal(t, []string{"backups", "s3", "True", "Reachable"}, strings.Fields(output(t, kubectl("-n", namespace, "get", "bbs", "--no-headers")))[:4])

	// With nothing to do nothing is asked for, and neither a restart nor another Secret's change tries again.
	before := quiet(t, namespace)
	output(t, kubectl("-n", namespace, "label", "bbs", "backups", "example.com/touched=yes"))
	time.Sleep(soon)
	require.Empty(t, quiet(t, namespace).Since(before))
	keys.StringData = map[string]string{"OTHER": "value"}
	require.NoError(t, admin.Update(t.Context(), keys))
	operator.Stop()
	require.NoError(t, operator.Start())
	quiet(t, namespace)
	require.Empty(t, kubelet.pods(t))

	rotate := func(to map[string]string) {
		keys.StringData = maps.Clone(to)
		require.NoError(t, admin.Update(t.Context(), keys))
		kubelet.run(t)
	}
	rotate(server.WrongSecret())
	rejected := waitStore(t, store, v1alpha1.ReasonCredentialsRejected)
	require.Equal(t, metav1.ConditionFalse, rejected.Status)
	require.True(t, strings.HasSuffix(rejected.Message, "; correct the Secret that spec.credentialsSecretRef names, or what the store knows of the identity"), rejected.Message)
	require.NotContains(t, rejected.Message, "wrong")
	eventually(t, func() string {
		if !strings.Contains(output(t, kubectl("-n", namespace, "get", "events")), v1alpha1.ReasonCredentialsRejected) {
			return "there is no event"
		}
		return ""
	})
	// It fails, so it is tried again by itself.
	again := kubelet.run(t)
	gone(t, again)
	rotate(server.Secret())
	waitStore(t, store, v1alpha1.ReasonReachable)

	patched := func(patch string) {
		output(t, kubectl("-n", namespace, "patch", "bbs", "backups", "--type=merge", "-p", patch))
	}
	patched(`{"spec": {"bucketSecretRef": null, "bucket": "none"}}`)
	kubelet.run(t)
	waitStore(t, store, v1alpha1.ReasonBucketMissing)
	patched(`{"spec": {"serviceAccountName": "absent"}}`)
	refusedPod := waitStore(t, store, v1alpha1.ReasonProbeFailed)
	require.Contains(t, refusedPod.Message, `serviceaccount "absent" not found`)

	// A pod of a probe goes with its store.
	patched(`{"spec": {"serviceAccountName": null, "bucket": "barq"}}`)
	eventually(t, func() string {
		if len(kubelet.pods(t)) == 0 {
			return "there is no pod"
		}
		return ""
	})
	require.NoError(t, admin.Delete(t.Context(), store))
	eventually(t, func() string {
		if len(kubelet.pods(t)) > 0 {
			return "there is a pod still"
		}
		return ""
	})
}
