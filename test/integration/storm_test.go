package integration

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// The operator is killed again and again, at random moments, while many BarqClusters are
// installed, changed and deleted. No release is left under way, nothing is made twice, no pod
// is replaced without a reason, and nothing is left over.
func TestTheOperatorIsKilledInAStorm(t *testing.T) {
	const stormy = 20
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	// kill lets the operator work for up to 0.7 seconds at a time, which is about as long as it needs to begin.
	kill := func(times int) {
		t.Helper()
		for range times {
			time.Sleep(time.Duration(random.IntN(700)) * time.Millisecond)
			operator.Kill()
			require.NoError(t, operator.Start())
		}
	}

	namespace := newNamespace(t)
	var all []*v1alpha1.BarqCluster
	for i := range stormy {
		all = append(all, newCluster(t, namespace, fmt.Sprintf("db-%d", i), `{}`))
	}
	kill(6)
	uids := map[string]map[string]string{}
	for _, cluster := range all {
		waitReady(t, cluster)
		uids[cluster.Name] = identities(t, cluster)
		requireOneRelease(t, cluster, 1)
	}

	for i, cluster := range all {
		change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
			if i%2 == 0 {
				spec.Replicas = ptr.To[int32](2)
			} else {
				spec.LogLevel = "debug"
			}
		})
	}
	kill(6)
	for i, cluster := range all {
		waitReady(t, cluster)
		requireOneRelease(t, cluster, 2)
		if i%2 == 1 {
			require.Contains(t, container(t, cluster).Env, variable("RUST_LOG", "debug"))
			continue
		}
		after := identities(t, cluster)
		require.Len(t, after, 2)
		for pod, identity := range uids[cluster.Name] {
			require.Equal(t, identity, after[pod], "more pods are no reason to replace one")
		}
	}

	for _, cluster := range all {
		require.NoError(t, admin.Delete(t.Context(), cluster))
	}
	kill(6)
	for _, cluster := range all {
		gone(t, cluster)
		require.Empty(t, releaseSecrets(t, namespace, cluster.Name))
	}
	eventually(t, func() string {
		return output(t, kubectl("-n", namespace, "get", "statefulset,service,configmap,serviceaccount,networkpolicy,poddisruptionbudget",
			"-l", "app.kubernetes.io/name=barq-db", "-o", "name", "--ignore-not-found"))
	})
}

// requireOneRelease makes sure that the newest revision is the wanted one, that it is deployed, and that nothing else
// is under way or has failed. Pods may be ready a moment before the outcome of the revision that made them is stored.
func requireOneRelease(t *testing.T, cluster *v1alpha1.BarqCluster, newest int) {
	t.Helper()
	want := map[string]string{}
	for version := 1; version < newest; version++ {
		want[fmt.Sprint(version)] = "superseded"
	}
	want[fmt.Sprint(newest)] = "deployed"
	eventually(t, func() string {
		revisions := map[string]string{}
		for _, stored := range releaseSecrets(t, cluster.Namespace, cluster.Name) {
			revisions[stored.Labels["version"]] = stored.Labels["status"]
		}
		if !maps.Equal(want, revisions) {
			return fmt.Sprintf("the revisions of %s are %v, not %v", cluster.Name, revisions, want)
		}
		return ""
	})
}
