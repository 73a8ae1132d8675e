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
