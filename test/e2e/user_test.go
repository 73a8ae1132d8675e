package e2e

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// The database runs as any user of the group 0 and with any file system group, as OpenShift assigns them, and reads the data of the user
// before.
func TestTheDatabaseRunsAsAnyUser(t *testing.T) {
	namespace := newNamespace(t)
	const count = 20
	// A namespace of OpenShift has a range of 10,000 numbers.
	chosen := func() (user, group int64) {
		start := 1_000_000_000 + 10_000*rand.Int64N(100_000)
		return start + rand.Int64N(10_000), start
	}
	user, group := chosen()
	cluster := newCluster(t, namespace, "db", fmt.Sprintf(`
storage: {size: 64Mi}
podSecurityContext: {runAsUser: %d, runAsGroup: 0, fsGroup: %d}
`, user, group))
	suite.WaitReady(t, cluster)
	runsAs(t, namespace, user, group)
	fill(t, namespace, "db-0", count)

	user, group = chosen()
	suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.PodSecurityContext.RunAsUser, spec.PodSecurityContext.FSGroup = ptr.To(user), ptr.To(group)
	})
	suite.WaitReady(t, cluster)
	runsAs(t, namespace, user, group)
	require.Equal(t, count, found(t, namespace, "db-0", count))
}

// runsAs looks at what the pod db-0 was made with.
func runsAs(t *testing.T, namespace string, user, group int64) {
	t.Helper()
	pod := &corev1.Pod{}
	pod.Namespace, pod.Name = namespace, "db-0"
	suite.Refresh(t, pod)
	require.Equal(t, user, *pod.Spec.SecurityContext.RunAsUser)
	require.Equal(t, int64(0), *pod.Spec.SecurityContext.RunAsGroup)
	require.Equal(t, group, *pod.Spec.SecurityContext.FSGroup)
}
