package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/operatorprocess"
)

// untilTakenOver is how long an operator may need to take over from one that has gone: up
// to half a minute until it asks, half a minute for an answer, and some for a busy machine.
const untilTakenOver = 75 * time.Second

// Two installations in different namespaces share no Lease. Only the one that was there
// first works on a BarqCluster, and when it has gone the other takes it up as it is.
func TestTwoInstallationsNeverFight(t *testing.T) {
	if testing.Short() {
		t.Skip("waits two minutes; the end-to-end tests install an operator beside another")
	}
	namespace := newNamespace(t)
	first, other := operatorprocess.Namespace+"/barq-operator.barq.db", namespace+"/barq-operator.barq.db"
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	requireOperator(t, cluster, first)
	before := identities(t, cluster)

	second := *operator
	second.Log += ".second"
	second.Arguments = []string{"--leader-elect=false", "--leader-election-namespace", namespace}
	second.Environment = []string{"WATCH_NAMESPACE=" + namespace}
	require.NoError(t, second.Start())
	running := true
	t.Cleanup(func() {
		if running {
			second.Stop()
		}
		require.NoError(t, second.CheckLog())
	})
	eventually(t, func() string {
		for _, event := range events(t, cluster) {
			if event == "Warning ManagedElsewhere: operator "+other+" is installed too, and leaves the BarqClusters of this namespace to operator "+
				first+", which holds them; remove one of the two" {
				return ""
			}
		}
		return "the second operator has not given in"
	})

	stored := fmt.Sprint(newestRelease(t, cluster).UID, resourceVersions(t, cluster))
	time.Sleep(soon)
	require.Equal(t, stored, fmt.Sprint(newestRelease(t, cluster).UID, resourceVersions(t, cluster)), "nothing is written")
	for replicas := range int32(4) {
		change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To(replicas + 2) })
		waitReady(t, cluster)
		require.Equal(t, int(replicas)+2, newestRevision(t, namespace, "db"), "each change is made once")
	}
	requireOperator(t, cluster, first)

	operator.Kill()
	t.Cleanup(func() {
		select {
		case <-operator.Done():
			require.NoError(t, operator.Start())
		default:
		}
	})
	silentSince, generation := time.Now(), statefulSet(t, cluster).Generation
	require.Eventually(t, func() bool {
		now := &v1alpha1.BarqCluster{}
		err := admin.Get(t.Context(), client.ObjectKeyFromObject(cluster), now)
		return err == nil && now.Status.Operator == other
	}, untilTakenOver, 200*time.Millisecond)
	t.Logf("taken over after %s", time.Since(silentSince).Round(time.Second))
	time.Sleep(soon)
	require.Equal(t, 6, newestRevision(t, namespace, "db"), "the other installation has a key of its own, and stores once what it signs")
	require.Equal(t, generation, statefulSet(t, cluster).Generation, "taken up as it is")
	require.Equal(t, before["db-0"], identities(t, cluster)["db-0"], "no pod was restarted")
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](1) })
	waitReady(t, cluster)

	// The first comes back, and finds itself in the place of the second.
	require.NoError(t, operator.Start())
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
	waitReady(t, cluster)
	require.Equal(t, 8, newestRevision(t, namespace, "db"))
	requireOperator(t, cluster, other)

	// Removed in order, as by an uninstall; then the BarqCluster is deleted by the one that is left.
	second.Stop()
	running = false
	require.NoError(t, admin.Delete(t.Context(), cluster))
	require.Eventually(t, func() bool {
		return apierrors.IsNotFound(admin.Get(t.Context(), client.ObjectKeyFromObject(cluster), &v1alpha1.BarqCluster{}))
	}, untilTakenOver, time.Second)
	require.Empty(t, releaseSecrets(t, namespace, "db"))
}

func requireOperator(t *testing.T, cluster *v1alpha1.BarqCluster, want string) {
	t.Helper()
	refresh(t, cluster)
	require.Equal(t, want, cluster.Status.Operator)
}

// resourceVersions are those of what an operator writes for a BarqCluster.
func resourceVersions(t *testing.T, cluster *v1alpha1.BarqCluster) []string {
	t.Helper()
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace, Name: cluster.Name}}
	refresh(t, service)
	refresh(t, cluster)
	return []string{cluster.ResourceVersion, statefulSet(t, cluster).ResourceVersion, service.ResourceVersion, newestRelease(t, cluster).ResourceVersion}
}
