package e2e

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/e2e/pods"
	"github.com/barq-db/barq-operator/test/objectservers"
)

// fillPatience is how long it may take to fill four databases at the same time.
const fillPatience = 15 * time.Minute

// newStore starts a server of objects that the pods reach, with a bucket and a Secret, both named as the provider.
func newStore(t *testing.T, namespace string, provider objectstore.Provider) *objectservers.Server {
	t.Helper()
	server, err := objectservers.Start(t.Context(), objectservers.Config{
		Provider: provider, Root: root, Address: net.JoinHostPort(hostAddress(t), "0"), Folder: t.TempDir(),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	require.NoError(t, server.CreateBucket(t.Context(), bucketOf(provider)))
	require.NoError(t, suite.Client.Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: bucketOf(provider)}, StringData: server.Secret(),
	}))
	return server
}

func bucketOf(provider objectstore.Provider) string { return "bucket-" + string(provider) }

// hostAddress is where the pods reach this process.
func hostAddress(t *testing.T) string {
	t.Helper()
	var running corev1.PodList
	require.NoError(t, suite.Client.List(t.Context(), &running, ctrl.InNamespace(operatorNamespace)))
	require.NotEmpty(t, running.Items)
	host, err := pods.HostAddress(running.Items[0].Status.PodIP)
	require.NoError(t, err)
	return host
}

// tierSpec is a tier in the bucket of a server.
func tierSpec(server *objectservers.Server, more string) string {
	options := server.Options("")
	region := ""
	if server.Provider == objectstore.S3 {
		region = "region: " + options.Region + ", "
	}
	name := bucketOf(server.Provider)
	return fmt.Sprintf("{provider: %s, bucket: %s, endpoint: %q, %scredentialsSecretRef: {name: %s}%s}", server.Provider, name, server.URL(), region, name, more)
}

// destroy takes the pod of a database away with all that is on its disk, and waits until another one is ready.
func destroy(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	deletePVCs(t, cluster)
	replacePod(t, cluster, ctrl.GracePeriodSeconds(0))
}

// deletePVCs deletes the PVCs of a database, which are gone once their pods are.
func deletePVCs(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	for _, pvc := range suite.PVCs(t, cluster) {
		require.NoError(t, suite.Client.Delete(t.Context(), &pvc))
	}
}

// killPod deletes a pod, whose processes are killed.
func killPod(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	require.NoError(t, suite.Client.Delete(t.Context(), pod, ctrl.GracePeriodSeconds(0)))
}

// all is a time that nothing was answered after.
func all() time.Time { return time.Now().Add(time.Hour) }

// tieredKind is where a database has its data, and when a write is answered.
type tieredKind struct {
	warm, cold objectstore.Provider
	hotPath    string
	durability v1alpha1.DurabilityMode
}

var tieredKinds = map[string]tieredKind{
	"s3":    {warm: objectstore.S3, hotPath: "pvc", durability: v1alpha1.DurabilitySync},
	"gcs":   {warm: objectstore.GCS, hotPath: "ephemeral-storage", durability: v1alpha1.DurabilitySync},
	"azure": {warm: objectstore.Azure, hotPath: "pvc", durability: v1alpha1.DurabilityArchived},
	"mixed": {warm: objectstore.S3, cold: objectstore.Azure, hotPath: "ephemeral-storage", durability: v1alpha1.DurabilityArchived},
}

// create starts the servers of objects, and creates a database with tiers there.
func (k tieredKind) create(t *testing.T) *v1alpha1.BarqCluster {
	t.Helper()
	namespace := newNamespace(t)
	tiers := "warm: " + tierSpec(newStore(t, namespace, k.warm), "")
	if k.cold != "" {
		tiers += ", cold: " + tierSpec(newStore(t, namespace, k.cold), ", after: 1s")
	}
	vectors := newCluster(t, namespace, "vectors", fmt.Sprintf(
		"{storage: {size: 512Mi}, durability: {mode: %s}, tiering: {enabled: true, maxLag: 2s, hotPath: %s, %s}}", k.durability, k.hotPath, tiers))
	suite.WaitReady(t, vectors)
	suite.WaitFor(t, vectors, v1alpha1.ConditionArchiving, metav1.ConditionTrue, v1alpha1.ReasonShipping)
	suite.WaitFor(t, vectors, v1alpha1.ConditionTiersReachable, metav1.ConditionTrue, v1alpha1.ReasonReachable)
	return vectors
}

// The pod and its volume are destroyed while clients write, and the database comes back from the buckets with each document that was
// answered before the time that the status has, or with the mode Archived with each that was answered.
func TestDataComesBackFromTheBuckets(t *testing.T) {
	onOwnNode(t)
	count := 100_000
	if testing.Short() {
		count = 3_000
	}
	for name, of := range tieredKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vectors := of.create(t)
			database := &suite.Pods(t, vectors)[0]
			f := newFilling(t, database)
			f.start(t, database, count)
			patient := suite
			patient.Patience = fillPatience
			patient.Eventually(t, func() string {
				if there := f.count(); there < count {
					return fmt.Sprintf("%d documents are answered", there)
				}
				return ""
			})
			filled := time.Now()
			suite.Eventually(t, func() string {
				suite.Refresh(t, vectors)
				if until := vectors.Status.Tiering.RecoverableUntil; until == nil || until.Time.Before(filled) {
					return fmt.Sprintf("recoverable until %v", until)
				}
				return ""
			})
			until := vectors.Status.Tiering.RecoverableUntil.Time
			began := time.Now()
			destroy(t, vectors)
			f.end()
			suite.WaitReady(t, vectors)
			back := time.Since(began)
			before := until
			if of.durability == v1alpha1.DurabilityArchived {
				before = all()
			}
			there, required := f.check(t, &suite.Pods(t, vectors)[0], 0, before)
			t.Logf("%d documents answered, %d of them promised, %d are back after %.1f s", f.count(), required, there, back.Seconds())
			require.GreaterOrEqual(t, required, count)
			waitDocuments(t, vectors, there)
			suite.WaitFor(t, vectors, v1alpha1.ConditionArchiving, metav1.ConditionTrue, v1alpha1.ReasonShipping)
			suite.Eventually(t, func() string {
				suite.Refresh(t, vectors)
				tiering := vectors.Status.Tiering
				if tiering.Restore == nil || of.cold != "" && (tiering.Cold == nil || tiering.Cold.Objects == 0) {
					return fmt.Sprintf("%+v", tiering)
				}
				return ""
			})
			require.Equal(t, fmt.Sprintf("%s/vectors/%s/0", vectors.Namespace, vectors.UID), vectors.Status.Tiering.Restore.From)
		})
	}
}

// waitDocuments waits until the status of a database has so many documents.
func waitDocuments(t *testing.T, cluster *v1alpha1.BarqCluster, there int) {
	t.Helper()
	suite.Eventually(t, func() string {
		suite.Refresh(t, cluster)
		if documents := cluster.Status.Database.Documents; documents != int64(there) {
			return fmt.Sprintf("the database has %d documents, of which %d were found one by one", documents, there)
		}
		return ""
	})
}

// A database without a disk of its own finds its data after a night at zero pods. Deleted and made again under its name it
// is empty, or has its data if it is told to recover them. The archive of the former one stays as it is.
func TestADatabaseWithoutADisk(t *testing.T) {
	onOwnNode(t)
	const count = 200
	namespace := newNamespace(t)
	server := newStore(t, namespace, objectstore.S3)
	spec := "{tiering: {enabled: true, maxLag: 2s, hotPath: ephemeral-storage, warm: " + tierSpec(server, "") + "}%s}"
	vectors := newCluster(t, namespace, "vectors", fmt.Sprintf(spec, ""))
	suite.WaitReady(t, vectors)
	fill(t, namespace, "vectors-0", count)

	suite.Change(t, vectors, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](0) })
	suite.Eventually(t, func() string {
		if len(suite.Pods(t, vectors)) > 0 {
			return "there is a pod"
		}
		return ""
	})
	suite.Change(t, vectors, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](1) })
	suite.WaitReady(t, vectors)
	require.Equal(t, count, found(t, namespace, "vectors-0", count), "what was written last is shipped after the stop")

	former := string(vectors.UID)
	require.NoError(t, suite.Client.Delete(t.Context(), vectors))
	suite.WaitGone(t, vectors)
	again := newCluster(t, namespace, "vectors", fmt.Sprintf(spec, ", bootstrap: {recovery: {name: vectors, uid: "+former+"}}"))
	suite.WaitReady(t, again)
	require.Equal(t, count, found(t, namespace, "vectors-0", count))
	require.NoError(t, suite.Client.Delete(t.Context(), again))
	suite.WaitGone(t, again)

	empty := newCluster(t, namespace, "vectors", fmt.Sprintf(spec, ""))
	suite.WaitReady(t, empty)
	ask(t, namespace, "vectors-0", func(ctx context.Context, database *client.Client) {
		_, err := database.Get(ctx, collection, client.Number(1))
		require.ErrorContains(t, err, "catalog error")
	})
}

// A restore that takes longer than a pod has to start begins again, the status says what to raise, and the data is there in the end.
func TestARestoreThatTakesTooLongIsTold(t *testing.T) {
	onOwnNode(t)
	const count = 50
	namespace := newNamespace(t)
	server := newStore(t, namespace, objectstore.S3)
	proxy, err := server.Proxy(net.JoinHostPort(hostAddress(t), "0"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = proxy.Close() })
	warm := strings.Replace(tierSpec(server, ""), server.URL(), proxy.URL(), 1)
	cluster := newCluster(t, namespace, "vectors",
		"{startupDeadlineSeconds: 15, durability: {mode: Archived}, tiering: {enabled: true, hotPath: ephemeral-storage, warm: "+warm+"}}")
	suite.WaitReady(t, cluster)
	fill(t, namespace, "vectors-0", count)

	proxy.Set(objectservers.Faults{BlackHole: true})
	former := suite.Pods(t, cluster)[0]
	killPod(t, &former)
	suite.Eventually(t, func() string {
		suite.Refresh(t, cluster)
		ready := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady)
		if strings.Contains(ready.Message, "write a higher spec.startupDeadlineSeconds if it restores or reads its data for longer") {
			t.Log(ready.Message)
			return ""
		}
		return ready.Reason + ": " + ready.Message
	})
	proxy.Set(objectservers.Faults{})
	waitSuccessor(t, cluster, &former)
	require.Equal(t, count, found(t, namespace, "vectors-0", count))
}
