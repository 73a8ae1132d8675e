package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/operatorprocess"
)

// An upgrade of the operator, and the way back, restart no database and make no revision.
func TestAnUpgradeOfTheOperatorChangesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("builds another operator")
	}
	folder := t.TempDir()
	output(t, exec.CommandContext(t.Context(), filepath.Join(root, "hack", "former-operator.sh"), folder))
	former := &operatorprocess.Process{
		Program: filepath.Join(folder, "barq-operator"), Root: folder, Kubeconfig: operator.Kubeconfig, Log: filepath.Join(folder, "operator.log"),
	}
	t.Cleanup(func() {
		former.Stop()
		operator.Stop()
		require.NoError(t, operator.Start())
		if t.Failed() {
			log, _ := os.ReadFile(former.Log)
			t.Logf("the log of the former operator:\n%s", log)
		}
	})

	operator.Stop()
	require.NoError(t, former.Start())
	namespace := newNamespace(t)
	newSecret(t, namespace, "keys", map[string]string{"key": "1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})
	var made []*v1alpha1.BarqCluster
	for name, spec := range map[string]string{
		"plain":       `{}`,
		"independent": `{replicas: 2, topology: {mode: Independent}, service: {annotations: {a: b}}}`,
		"secrets": `{replicas: 2, env: [{name: KEY, valueFrom: {secretKeyRef: {name: keys, key: key}}}], podLabels: {team: search},
			tiering: {enabled: true, warm: {provider: s3, bucket: warm, region: us-east-1, credentialsSecretRef: {name: keys}}}}`,
		"hibernated": `{replicas: 0, storage: {size: 20Gi, retention: {whenDeleted: Delete}}}`,
	} {
		made = append(made, newCluster(t, namespace, name, spec))
	}
	settle := func() {
		for _, cluster := range made {
			if cluster.Name != "hibernated" {
				waitReady(t, cluster)
			}
		}
		requireIdle(t, made[0])
	}
	for _, cluster := range made {
		if cluster.Name == "plain" {
			waitReady(t, cluster)
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" })
		}
	}
	for _, cluster := range made {
		if cluster.Name != "hibernated" {
			waitReady(t, cluster)
		}
	}
	type state struct {
		pods    any
		objects any
		records []string
	}
	states := func() map[string]state {
		found := map[string]state{}
		for _, cluster := range made {
			var records []string
			for _, record := range releaseSecrets(t, namespace, cluster.Name) {
				records = append(records, record.Name+" "+record.ResourceVersion)
			}
			found[cluster.Name] = state{identities(t, cluster), objectsOf(t, cluster), records}
		}
		return found
	}
	before := states()
	former.Stop()
	require.NoError(t, operator.Start())
	settle()
	require.Equal(t, before, states(), "after the upgrade")
	operator.Stop()
	require.NoError(t, former.Start())
	for _, cluster := range made {
		if cluster.Name != "hibernated" {
			waitReady(t, cluster)
		}
	}
	require.Equal(t, before, states(), "after the way back")
	former.Stop()
	require.NoError(t, operator.Start())
	settle()
	require.Equal(t, before, states(), "after the next upgrade")
}
