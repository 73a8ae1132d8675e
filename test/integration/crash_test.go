package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// A pass takes about half a second, so these moments fall before, into and after
// each of its writes.
var moments = []time.Duration{
	0, 20 * time.Millisecond, 50 * time.Millisecond, 90 * time.Millisecond, 140 * time.Millisecond,
	200 * time.Millisecond, 300 * time.Millisecond, 450 * time.Millisecond,
}

// An operator that is killed has nothing but what is stored. Whatever moment it is
// killed at, the next one ends where it would have ended.
func TestTheOperatorIsKilledAtAnyMoment(t *testing.T) {
	namespace := newNamespace(t)
	killAfter := func(moment time.Duration) {
		t.Helper()
		time.Sleep(moment)
		operator.Kill()
		require.NoError(t, operator.Start())
	}

	for index, moment := range moments {
		t.Run(moment.String(), func(t *testing.T) {
			name := fmt.Sprintf("db-%d", index)
			cluster := newCluster(t, namespace, name, `replicas: 2`)
			killAfter(moment)
			waitReady(t, cluster)

			const image = "registry.example.com/barq-db:0.2.0"
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
				spec.Image, spec.Replicas = image, ptr.To[int32](3)
			})
			killAfter(moment)
			waitReady(t, cluster)
			require.Len(t, pods(t, cluster), 3)
			for _, pod := range pods(t, cluster) {
				require.Equal(t, image, pod.Spec.Containers[0].Image)
			}

			output(t, kubectl("-n", namespace, "delete", "bqc", name, "--wait=false"))
			killAfter(moment)
			gone(t, cluster)
			require.Empty(t, releaseSecrets(t, namespace, name))
			require.Len(t, pvcs(t, cluster), 3, "the volumes are kept")
		})
	}
}

// An edit of which a killed operator has made a part, and that is taken back before the next operator starts, leaves nothing.
func TestAnEditIsTakenBackWhileTheOperatorIsAway(t *testing.T) {
	for _, moment := range moments {
		t.Run(moment.String(), func(t *testing.T) {
			cluster := newCluster(t, newNamespace(t), "db", `{podDisruptionBudget: {enabled: false}}`)
			waitReady(t, cluster)
			before := objectsOf(t, cluster)
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
				spec.Env, spec.PodAnnotations = []v1alpha1.EnvVar{{Name: "FOO", Value: "bar"}}, map[string]string{"example.com/x": "1"}
				spec.PodDisruptionBudget.Enabled, spec.Service.Annotations = ptr.To(true), map[string]string{"a": "b"}
				spec.ServiceAccount.Annotations = map[string]string{"example.com/role": "admin"}
			})
			time.Sleep(moment)
			operator.Kill()
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
				spec.Env, spec.PodAnnotations, spec.Service.Annotations, spec.ServiceAccount.Annotations = nil, nil, nil, nil
				spec.PodDisruptionBudget.Enabled = ptr.To(false)
			})
			require.NoError(t, operator.Start())
			waitReady(t, cluster)
			eventually(t, func() string { return differ(before, objectsOf(t, cluster)) })
			waitReady(t, cluster)
		})
	}
}

// An operator that was killed in the middle of an install left a release that
// Helm calls an operation in progress, for ever.
func TestAnInterruptedReleaseIsTakenUpAgain(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	before := identities(t, cluster)

	operator.Kill()
	markPendingUpgrade(t, namespace, "db")
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" })
	require.NoError(t, operator.Start())

	waitReady(t, cluster)
	require.NotEqual(t, before, identities(t, cluster))
	require.Contains(t, container(t, cluster).Env, variable("RUST_LOG", "debug"))
}

// Only one of two operators works, and the other takes over when it is killed.
func TestLeaderElection(t *testing.T) {
	namespace := newNamespace(t)
	operator.Stop()
	operator.Arguments = []string{"--leader-elect"}
	second := *operator
	t.Cleanup(func() {
		second.Stop()
		operator.Arguments = nil
		require.NoError(t, operator.Start())
	})
	require.NoError(t, operator.Start())
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)

	require.NoError(t, second.Start())
	operator.Kill()
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
	waitReady(t, cluster)
	require.Len(t, pods(t, cluster), 2)
}
