package integration

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
)

// An event and the status say of every rollout what has caused it: the fields of the spec, a Secret, or another version of the operator.
func TestARolloutSaysWhy(t *testing.T) {
	namespace := newNamespace(t)
	secret := newSecret(t, namespace, "keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	db := newCluster(t, namespace, "db", s3Tier)
	waitReady(t, db)
	const begin = `^Normal RollingOut: the pods are replaced, because `
	requireTold(t, db, 0, begin)
	// A status that is only progress may wait for a second, and the second pod waits for the first.
	change(t, db, func(spec *v1alpha1.BarqClusterSpec) {
		spec.MinReadySeconds, spec.Replicas = ptr.To[int32](3), ptr.To[int32](2)
	})
	waitReady(t, db)
	requireTold(t, db, 0, begin)

	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" })
	requireSaid(t, db, `; the pods are replaced, because the spec has changed \(generation 3\): spec\.containers\[barq-db\]\.env\[RUST_LOG\]\.value$`)
	waitReady(t, db)
	require.Equal(t, "2 of 2 pods answer", meta.FindStatusCondition(db.Status.Conditions, v1alpha1.ConditionReady).Message, "it is over")
	requireTold(t, db, 1, begin+`the spec has changed \(generation 3\): spec\.containers\[barq-db\]\.env\[RUST_LOG\]\.value$`)

	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.MinReadySeconds = ptr.To[int32](0) })
	waitReady(t, db)
	before := identities(t, db)
	secret.StringData = map[string]string{"AWS_SECRET_ACCESS_KEY": "rotated"}
	require.NoError(t, admin.Update(t.Context(), secret))
	requireTold(t, db, 1, begin+`Secret keys has changed$`)
	require.Equal(t, "Secret keys has changed", clusters.CauseOf(statefulSet(t, db)))
	eventually(t, func() string {
		if after := identities(t, db); after["db-0"] == before["db-0"] || after["db-0"] == "" {
			return "db-0 was not replaced yet"
		}
		return ""
	})
	waitReady(t, db)

	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](3) })
	waitReady(t, db)
	requireTold(t, db, 2, begin)

	operator.Stop()
	startOperator(t, nil, "--watches-file", otherChart(t, longerGracePeriod))
	requireTold(t, db, 1, begin+`operator \S+ renders them differently from the one before, for the same spec: spec\.terminationGracePeriodSeconds$`)
	require.Regexp(t, `^operator \S+ renders them differently from the one before, for the same spec: spec\.terminationGracePeriodSeconds$`,
		clusters.CauseOf(statefulSet(t, db)))
	waitReady(t, db)
}

// requireSaid waits until the conditions Ready and Reconciling have a message.
func requireSaid(t *testing.T, cluster *v1alpha1.BarqCluster, pattern string) {
	t.Helper()
	expression := regexp.MustCompile(pattern)
	eventually(t, func() string {
		refresh(t, cluster)
		for _, name := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionReconciling} {
			if found := meta.FindStatusCondition(cluster.Status.Conditions, name); found == nil || !expression.MatchString(found.Message) {
				return fmt.Sprintf("%s: %+v", name, found)
			}
		}
		return ""
	})
}
