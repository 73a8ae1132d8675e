package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// A pod that flaps, and a Secret that comes and goes, are told by a few events with counts.
func TestWhatFlapsIsToldByFewEvents(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	secret := newSecret(t, namespace, "keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	cluster := newCluster(t, namespace, "db", s3Tier)
	waitReady(t, cluster)
	become := func(ready bool) {
		eventually(t, func() string {
			refresh(t, cluster)
			if meta.IsStatusConditionTrue(cluster.Status.Conditions, v1alpha1.ConditionReady) != ready {
				return fmt.Sprintf("%+v", meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady))
			}
			return ""
		})
	}
	for range 30 {
		pod := &corev1.Pod{}
		pod.Namespace, pod.Name = namespace, "db-0"
		patch := client.RawPatch(types.StrategicMergePatchType, []byte(`{"status":{"conditions":[{"type":"Ready","status":"False"}]}}`))
		// The simulation makes it Ready again, often before the operator has seen it.
		require.NoError(t, admin.Status().Patch(t.Context(), pod, patch))
		time.Sleep(time.Second)
	}
	become(true)
	for range 8 {
		require.NoError(t, admin.Delete(t.Context(), secret))
		become(false)
		secret.ResourceVersion, secret.UID = "", ""
		require.NoError(t, admin.Create(t.Context(), secret))
		become(true)
	}
	time.Sleep(soon)
	var list corev1.EventList
	require.NoError(t, admin.List(t.Context(), &list, client.InNamespace(namespace), client.MatchingFields{"involvedObject.kind": "BarqCluster"}))
	told := map[string]int{}
	counted := 0
	for _, event := range list.Items {
		told[event.Reason]++
		if event.Series != nil {
			counted++
		}
	}
	require.LessOrEqual(t, len(list.Items), 12, "%v", told)
	require.GreaterOrEqual(t, counted, 3, "%v", told)
	requireTold(t, cluster, 1, `^Warning SecretMissing: `)
}
