//go:build linux

package integration

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/agent/api"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/clusters"
	data "github.com/barq-db/barq-operator/internal/database"
)

const agentImage = "registry.example.com/barq-agent:v0.1.0"

// fakeAgent answers for the agent of a simulated pod, with the API of the real one and the certificates of the Secret.
type fakeAgent struct {
	folder, address string
	lock            sync.Mutex
	said            agentapi.Status
}

func newAgent(t *testing.T) *fakeAgent {
	t.Helper()
	served := time.Now().Add(-time.Minute).UTC()
	// All of 127.0.0.0/8 is this machine, and the port is always the same.
	agent := &fakeAgent{folder: t.TempDir(), address: fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))}
	agent.said = agentapi.Status{
		Agent: "0.1.0", Started: served.Add(-3 * time.Second), Served: &served, Data: agentapi.Data{Tenants: 1, Collections: 2, Documents: 100},
		Log: agentapi.Log{Bytes: 4096, Segments: 1}, Disk: agentapi.Disk{Size: 1 << 30, Free: 1 << 29},
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- api.Serve(ctx, net.JoinHostPort(agent.address, strconv.Itoa(agentapi.Port)), api.InFolder(agent.folder), agent.status)
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	return agent
}

func (a *fakeAgent) status() agentapi.Status {
	a.lock.Lock()
	defer a.lock.Unlock()
	return a.said
}

// says changes what the agent says.
func (a *fakeAgent) says(change func(*agentapi.Status)) {
	a.lock.Lock()
	defer a.lock.Unlock()
	change(&a.said)
}

// mount does what the kubelet does with the Secret, and returns it.
func (a *fakeAgent) mount(t *testing.T, cluster *v1alpha1.BarqCluster, notThis string) *corev1.Secret {
	t.Helper()
	secret := &corev1.Secret{}
	eventually(t, func() string {
		err := admin.Get(t.Context(), client.ObjectKey{Namespace: cluster.Namespace, Name: data.SecretName(cluster.Name)}, secret)
		if err != nil {
			return err.Error()
		}
		if string(secret.UID) == notThis {
			return "it is the former Secret"
		}
		return ""
	})
	for name, content := range secret.Data {
		require.NoError(t, os.WriteFile(filepath.Join(a.folder, name), content, 0o600))
	}
	return secret
}

// give makes the address of the agent that of the pod, which has the operator ask it.
func (a *fakeAgent) give(t *testing.T, namespace, name string) {
	t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	eventually(t, func() string {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(pod), pod); err != nil {
			return err.Error()
		}
		if len(pod.Status.ContainerStatuses) == 0 || pod.Status.ContainerStatuses[0].State.Running == nil {
			return "the pod does not run"
		}
		pod.Status.PodIP, pod.Status.PodIPs = a.address, []corev1.PodIP{{IP: a.address}}
		if err := admin.Status().Update(t.Context(), pod); err != nil {
			return err.Error()
		}
		return ""
	})
}

func waitLogIntact(t *testing.T, cluster *v1alpha1.BarqCluster, status metav1.ConditionStatus, reason string) *metav1.Condition {
	t.Helper()
	return waitFor(t, cluster, v1alpha1.ConditionLogIntact, status, reason)
}

func TestTheStatusSaysWhatTheAgentsSay(t *testing.T) {
	operator.Stop()
	startOperator(t, []string{"RELATED_IMAGE_BARQ_AGENT=" + agentImage})
	cluster := newCluster(t, newNamespace(t), "vectors", `{inheritedMetadata: {labels: {team: search}}}`)
	waitReady(t, cluster)
	agent := newAgent(t)
	first := agent.mount(t, cluster, "")
	require.Equal(t, corev1.SecretTypeTLS, first.Type)
	require.Equal(t, "search", first.Labels["team"])
	require.NotContains(t, first.Data, "ca.key")
	agent.give(t, cluster.Namespace, "vectors-0")
	waitLogIntact(t, cluster, metav1.ConditionTrue, v1alpha1.ReasonIntact)
	refresh(t, cluster)
	require.Equal(t, v1alpha1.ReasonAgentAnswers, meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionAgentReachable).Reason)
	require.Equal(t, v1alpha1.ReasonSpaceLeft, meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionSpaceAvailable).Reason)
	found := cluster.Status.Database
	require.Equal(t, []int64{1, 2, 100, 4096, 1 << 29}, []int64{found.Tenants, found.Collections, found.Documents, found.LogBytes, found.FreeBytes})
	require.Equal(t, []any{"0.1.0", int32(1), ptr.To[int64](3), "vectors-0"}, []any{found.AgentVersion, found.Pods, found.LastStart.Seconds, found.LastStart.Pod})

	agent.says(func(said *agentapi.Status) {
		said.Log.Quarantine = &agentapi.Quarantine{Lost: 2, Time: time.Now(), First: agentapi.Loss{
			Tenant: "default", Collection: "things", File: "tenants/default/collections/things/wal.jsonl", Line: 7, Kind: "NoNumber", Quarantine: "name",
		}}
	})
	require.Contains(t, waitLogIntact(t, cluster, metav1.ConditionFalse, v1alpha1.ReasonWritesQuarantined).Message, "collection things of tenant default, at line 7")
	waitEvent(t, cluster, "Warning "+v1alpha1.ReasonWritesQuarantined)
	refresh(t, cluster)
	require.Equal(t, int64(2), cluster.Status.Database.QuarantinedWrites)
	agent.says(func(said *agentapi.Status) { said.Log.Quarantine = nil })
	waitLogIntact(t, cluster, metav1.ConditionTrue, v1alpha1.ReasonIntact)

	// A Secret that is gone is made again, and the agent has the new one once the kubelet brings it.
	require.NoError(t, admin.Delete(t.Context(), first))
	second := agent.mount(t, cluster, string(first.UID))
	require.NotEqual(t, first.Data[corev1.TLSPrivateKeyKey], second.Data[corev1.TLSPrivateKeyKey])
	agent.says(func(said *agentapi.Status) { said.Data.Documents = 1000 })
	eventually(t, func() string {
		refresh(t, cluster)
		if found := cluster.Status.Database.Documents; found != 1000 {
			return fmt.Sprintf("%d documents", found)
		}
		return ""
	})

	// Another operator without an agent takes it away, and what the status said of it.
	operator.Stop()
	startOperator(t, nil)
	eventually(t, func() string {
		refresh(t, cluster)
		for _, name := range clusters.DatabasePart.Conditions {
			if meta.FindStatusCondition(cluster.Status.Conditions, name) != nil {
				return name + " is there"
			}
		}
		if cluster.Status.Database != nil {
			return "status.database is there"
		}
		return ""
	})
}

func TestTheStatusSaysWhatTheAgentsSayOfTheBuckets(t *testing.T) {
	operator.Stop()
	startOperator(t, []string{"RELATED_IMAGE_BARQ_AGENT=" + agentImage})
	cluster := newCluster(t, newNamespace(t), "vectors", `{tiering: {enabled: true, warm: {provider: gcs, bucket: warm}, cold: {provider: azure, bucket: cold, storageAccount: account}}}`)
	waitReady(t, cluster)
	agent := newAgent(t)
	agent.mount(t, cluster, "")
	began := time.Now().Add(-time.Minute).Truncate(time.Second).UTC()
	agent.says(func(said *agentapi.Status) {
		said.Served = nil
		said.Archive = &agentapi.Archive{
			Reason: agentapi.ArchiveRestoring, Since: began, Restore: &agentapi.Restore{From: "team/vectors/uid/0", Started: began, Until: began, Bytes: 100 << 20, Done: 55 << 20},
			Tiers: []agentapi.Tier{{Name: "warm", Reason: agentapi.TierReachable, Objects: 3, Bytes: 300}, {Name: "cold", Reason: agentapi.TierReachable, Objects: 4, Bytes: 4000}},
		}
	})
	agent.give(t, cluster.Namespace, "vectors-0")
	restoring := waitFor(t, cluster, v1alpha1.ConditionArchiving, metav1.ConditionFalse, v1alpha1.ReasonRestoring)
	require.Contains(t, restoring.Message, "50% of 100 MiB are on the disk")
	waitFor(t, cluster, v1alpha1.ConditionTiersReachable, metav1.ConditionTrue, v1alpha1.ReasonReachable)
	waitEvent(t, cluster, "Normal "+v1alpha1.ReasonRestoring)
	require.Equal(t, &v1alpha1.TieringRestore{
		Pod: "vectors-0", From: "team/vectors/uid/0", StartTime: cluster.Status.Tiering.Restore.StartTime, Until: cluster.Status.Tiering.Restore.Until, Bytes: 100 << 20, RestoredBytes: 55 << 20,
	}, cluster.Status.Tiering.Restore)

	agent.says(func(said *agentapi.Status) {
		said.Served = &began
		ended := began.Add(time.Minute)
		said.Archive.Reason, said.Archive.Epoch, said.Archive.LastShipped, said.Archive.RecoverableUntil, said.Archive.PendingBytes = agentapi.ArchiveShipping, 2, &began, &began, 10
		said.Archive.Restore.Done, said.Archive.Restore.Ended = 100<<20, &ended
	})
	waitFor(t, cluster, v1alpha1.ConditionArchiving, metav1.ConditionTrue, v1alpha1.ReasonShipping)
	refresh(t, cluster)
	found := cluster.Status.Tiering
	require.Equal(t, []any{int32(1), int64(2), v1alpha1.TierStatus{Objects: 3, Bytes: 300}, v1alpha1.TierStatus{Objects: 4, Bytes: 4000}, int64(10)},
		[]any{found.Pods, found.Epoch, *found.Warm, *found.Cold, found.PendingBytes})
	require.True(t, found.RecoverableUntil.Time.Equal(began), found.RecoverableUntil)
	require.True(t, found.Restore.EndTime.Time.Equal(began.Add(time.Minute)), found.Restore.EndTime)

	agent.says(func(said *agentapi.Status) {
		said.Archive.Reason = agentapi.TierAccessDenied
		said.Archive.Tiers[1].Reason, said.Archive.Tiers[1].Message = agentapi.TierAccessDenied, "403 AuthorizationFailure"
	})
	denied := waitFor(t, cluster, v1alpha1.ConditionTiersReachable, metav1.ConditionFalse, v1alpha1.ReasonAccessDenied)
	require.Contains(t, denied.Message, "Give the identity of service account vectors the rights in docs/tiering.md: 403 AuthorizationFailure")
	waitFor(t, cluster, v1alpha1.ConditionArchiving, metav1.ConditionFalse, v1alpha1.ReasonAccessDenied)
	waitEvent(t, cluster, "Warning "+v1alpha1.ReasonAccessDenied)

	// Without tiers there is nothing to say of them.
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Tiering.Enabled = false })
	eventually(t, func() string {
		refresh(t, cluster)
		for _, name := range []string{v1alpha1.ConditionTiersReachable, v1alpha1.ConditionArchiving} {
			if meta.FindStatusCondition(cluster.Status.Conditions, name) != nil {
				return name + " is there"
			}
		}
		if cluster.Status.Tiering != nil {
			return "status.tiering is there"
		}
		return ""
	})
}

// What another put where the certificates belong stays, and the status says so.
func TestASecretOfAnother(t *testing.T) {
	operator.Stop()
	startOperator(t, []string{"RELATED_IMAGE_BARQ_AGENT=" + agentImage})
	namespace := newNamespace(t)
	other := newSecret(t, namespace, data.SecretName("vectors"), map[string]string{"a": "b"})
	cluster := newCluster(t, namespace, "vectors", `{}`)
	waitReady(t, cluster)
	condition := waitFor(t, cluster, v1alpha1.ConditionAgentReachable, metav1.ConditionFalse, v1alpha1.ReasonCertificatesRefused)
	require.Contains(t, condition.Message, "the Secret vectors-barq-agent with the certificates of the agents cannot be written: a Secret of that name is there")
	require.NoError(t, admin.Get(t.Context(), client.ObjectKeyFromObject(other), other))
	require.Equal(t, map[string][]byte{"a": []byte("b")}, other.Data)
	require.NoError(t, admin.Delete(t.Context(), cluster))
	eventually(t, func() string {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(cluster), cluster); !apierrors.IsNotFound(err) {
			return "it is there"
		}
		return ""
	})
	require.NoError(t, admin.Get(t.Context(), client.ObjectKeyFromObject(other), other))
}
