package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// An event says of every roll-out what has caused it: the fields of the spec, a Secret, or another version of the operator.
func TestARollOutSaysWhy(t *testing.T) {
	namespace := newNamespace(t)
	secret := newSecret(t, namespace, "keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	db := newCluster(t, namespace, "db", s3Tier)
	waitReady(t, db)
	const begin = `^Normal RollingOut: the pods are replaced, because `
	requireTold(t, db, 0, begin)

	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" })
	waitReady(t, db)
	requireTold(t, db, 1, begin+`the spec has changed \(generation 2\): spec\.containers\[barq-db\]\.env\[RUST_LOG\]\.value$`)

	before := identities(t, db)
	secret.StringData = map[string]string{"AWS_SECRET_ACCESS_KEY": "rotated"}
	require.NoError(t, admin.Update(t.Context(), secret))
	requireTold(t, db, 1, begin+`Secret keys has changed$`)
	eventually(t, func() string {
		if after := identities(t, db); after["db-0"] == before["db-0"] || after["db-0"] == "" {
			return "db-0 was not replaced yet"
		}
		return ""
	})
	waitReady(t, db)

	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
	waitReady(t, db)
	requireTold(t, db, 2, begin)

	operator.Stop()
	startOperator(t, nil, "--watches-file", otherChart(t, longerGracePeriod))
	requireTold(t, db, 1, begin+`operator \S+ makes them otherwise than the one before, for the same spec: spec\.terminationGracePeriodSeconds$`)
	waitReady(t, db)
}
