package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/signing"
)

// unsign makes the records of a release what a version of the operator stored that did not sign them, or one with another key.
func unsign(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	for _, stored := range releaseSecrets(t, cluster.Namespace, cluster.Name) {
		require.NotEmpty(t, stored.Annotations[signing.SignatureAnnotation])
		stored.Annotations = nil
		require.NoError(t, admin.Update(t.Context(), &stored))
	}
}

// requireSigned waits until the newest revision has that number and a signature.
func requireSigned(t *testing.T, cluster *v1alpha1.BarqCluster, revision int) {
	t.Helper()
	eventually(t, func() string {
		if newestRevision(t, cluster.Namespace, cluster.Name) != revision || newestRelease(t, cluster).Annotations[signing.SignatureAnnotation] == "" {
			return "the release has no such signed revision"
		}
		return ""
	})
}

// An upgrade from a version that signed nothing restarts no pod, makes one revision, and goes on from there.
func TestRecordsWithoutASignatureAreStoredAnew(t *testing.T) {
	namespace := newNamespace(t)
	newSecret(t, namespace, "aws", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	plain := newCluster(t, namespace, "plain", `{}`)
	full := newCluster(t, namespace, "full", `
replicas: 2
podAnnotations: {example.com/a: b}
env: [{name: EXTRA, value: "1"}]
tiering: {enabled: true, warm: {provider: s3, bucket: warm, region: us-east-1, credentialsSecretRef: {name: aws}}}`)
	waitReady(t, plain)
	waitReady(t, full)
	change(t, full, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" })
	waitReady(t, full)
	before := map[string]map[string]string{"plain": identities(t, plain), "full": identities(t, full)}
	generation := statefulSet(t, full).Generation

	operator.Stop()
	unsign(t, plain)
	unsign(t, full)
	require.NoError(t, operator.Start())
	requireSigned(t, plain, 2)
	requireSigned(t, full, 3)
	requireOneRelease(t, plain, 2)
	requireOneRelease(t, full, 3)
	waitReady(t, plain)
	waitReady(t, full)
	require.Equal(t, before["plain"], identities(t, plain))
	require.Equal(t, before["full"], identities(t, full))
	require.Equal(t, generation, statefulSet(t, full).Generation)
	require.Contains(t, output(t, helm("history", "full", "-n", namespace)), "superseded")
	requireIdle(t, full)

	// The new record is the base of what comes.
	change(t, full, func(spec *v1alpha1.BarqClusterSpec) { spec.Env, spec.PodAnnotations = nil, nil })
	waitReady(t, full)
	template := statefulSet(t, full).Spec.Template
	require.NotContains(t, template.Annotations, "example.com/a")
	require.NotContains(t, container(t, full).Env, variable("EXTRA", "1"))
	requireOneRelease(t, full, 4)
	output(t, kubectl("-n", namespace, "delete", "bqc", "--all", "--timeout=60s"))
	require.Empty(t, releaseSecrets(t, namespace, "full"))
}

// An upgrade that also brings another template restarts one database after the other, as any does.
func TestRecordsWithoutASignatureDoNotJumpTheLine(t *testing.T) {
	fleet := newFleet(t, 3)
	rollouts := fleet.watch(t)
	operator.Stop()
	for _, cluster := range fleet {
		unsign(t, cluster)
	}
	startOperator(t, nil, "--watches-file", otherChart(t, longerGracePeriod))
	for _, cluster := range fleet {
		requireSigned(t, cluster, 2)
		eventually(t, func() string {
			if *statefulSet(t, cluster).Spec.Template.Spec.TerminationGracePeriodSeconds != 61 {
				return "it was not rolled out yet"
			}
			return ""
		})
		waitReady(t, cluster)
	}
	require.Equal(t, 1, rollouts.most(statefulSetsUnderWay), rollouts.log())
	require.Equal(t, 1, rollouts.most(podsAway), rollouts.log())
}

// An object of the chart's name that an administrator has made in the place of the operator's is not the operator's to repair.
func TestARepairTouchesNothingOfOthers(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	operator.Stop()
	output(t, kubectl("-n", namespace, "delete", "poddisruptionbudget/db"))
	output(t, kubectl("-n", namespace, "create", "poddisruptionbudget", "db", "--selector=a=b", "--min-available=7"))
	theirs := output(t, kubectl("-n", namespace, "get", "poddisruptionbudget/db", "-o", "jsonpath={.spec}"))
	require.NoError(t, operator.Start())
	condition := waitFor(t, cluster, v1alpha1.ConditionIrreconcilable, metav1.ConditionTrue, "ReconcileError")
	require.Equal(t, `PodDisruptionBudget "db" exists and belongs to no BarqCluster; give the BarqCluster another name, or delete that object`, condition.Message)
	require.Equal(t, theirs, output(t, kubectl("-n", namespace, "get", "poddisruptionbudget/db", "-o", "jsonpath={.spec}")))

	// Neither an edit nor a deletion touches it.
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
	waitFor(t, cluster, v1alpha1.ConditionReleaseFailed, metav1.ConditionTrue, "UpgradeError")
	require.Equal(t, 1, newestRevision(t, namespace, "db"), "what cannot be applied whole is not stored")
	output(t, kubectl("-n", namespace, "delete", "bqc/db", "--timeout=60s"))
	require.Equal(t, theirs, output(t, kubectl("-n", namespace, "get", "poddisruptionbudget/db", "-o", "jsonpath={.spec}")))
	gone(t, cluster)
}
