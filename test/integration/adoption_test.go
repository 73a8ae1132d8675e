package integration

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// A database that was installed with Helm comes under the operator and goes back, and its
// pods notice nothing of it.
func TestAReleaseIsTakenOverAndHandedBack(t *testing.T) {
	namespace := newNamespace(t)
	keys := newSecret(t, namespace, "vectors-s3", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	chart := filepath.Join(root, "helm-charts/barq-db")
	output(t, helm("install", "vectors", chart, "-n", namespace, "--wait", "--set", "replicas=2",
		"-f", filepath.Join("testdata", "barqcluster.values.yaml")))
	cluster := clusterOf(t, namespace, "vectors", `{}`)
	installed := observed(t, cluster)
	require.Len(t, installed.pods, 2)

	output(t, kubectl("-n", namespace, "apply", "-f", filepath.Join(root, "config/samples/barqcluster.yaml")))
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
	waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)
	annotate(t, cluster, "barq.db/adopt-release=vectors")
	waitReady(t, cluster)
	require.Equal(t, installed, observed(t, cluster), "taken over as it is")
	requireOwner(t, cluster, cluster)
	require.Equal(t, 2, newestRevision(t, namespace, "vectors"))
	requireIdle(t, cluster)

	// Whatever makes the operator look again finds nothing to do.
	operator.Stop()
	require.NoError(t, operator.Start())
	annotate(t, cluster, "barq.db/adopt-release-")
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.MinReadySeconds = ptr.To[int32](0) })
	waitReady(t, cluster)
	time.Sleep(soon)
	require.Equal(t, installed.pods, identities(t, cluster))

	// It is a BarqCluster like any other: a Secret that changes reaches the pods.
	refresh(t, keys)
	keys.StringData = map[string]string{"AWS_SECRET_ACCESS_KEY": "rotated"}
	require.NoError(t, admin.Update(t.Context(), keys))
	eventually(t, func() string {
		for name, identity := range identities(t, cluster) {
			if installed.pods[name] == identity {
				return name + " was not restarted"
			}
		}
		return ""
	})
	waitReady(t, cluster)
	operated := observed(t, cluster)

	// A misspelt annotation is told at once, and holds the deletion up.
	annotate(t, cluster, "barq.db/on-deletion=keep")
	const mistake = `annotation barq.db/on-deletion: "keep" is unknown; write "keep-release" to leave the database to Helm, ` +
		`or remove the annotation to have it uninstalled`
	require.Equal(t, mistake, waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed).Message)
	output(t, kubectl("-n", namespace, "delete", "bqc/vectors", "--wait=false"))
	eventually(t, func() string {
		refresh(t, cluster)
		for _, condition := range cluster.Status.Conditions {
			if condition.Type == v1alpha1.ConditionReleaseFailed && condition.Message == mistake {
				return ""
			}
		}
		return "the status does not say why it is not deleted"
	})
	require.Equal(t, operated, observed(t, cluster))
	annotate(t, cluster, "barq.db/on-deletion=keep-release")
	gone(t, cluster)
	time.Sleep(soon)
	require.Equal(t, operated, observed(t, cluster), "left as it is")
	requireOwner(t, cluster, nil)

	// Helm goes on with it, a roll-back to a revision of the operator's included.
	require.Contains(t, output(t, helm("list", "-n", namespace)), "vectors")
	output(t, helm("upgrade", "vectors", chart, "-n", namespace, "--reuse-values", "--set", "minReadySeconds=7"))
	require.Equal(t, operated.pods, identities(t, cluster), "the values of the operator are Helm's")
	output(t, helm("rollback", "vectors", "2", "-n", namespace))
	requireOwner(t, cluster, nil)
	require.Contains(t, output(t, helm("history", "vectors", "-n", namespace)), "Rollback to 2")

	// Without the annotation it belongs to another one again.
	again := newCluster(t, namespace, "vectors", `{}`)
	condition := waitFor(t, again, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)
	require.True(t, strings.HasPrefix(condition.Message, `the Helm release "vectors" was installed by hand, and the operator does not take it over. `), condition.Message)
	output(t, kubectl("-n", namespace, "delete", "bqc/vectors", "--timeout=60s"))
	output(t, helm("uninstall", "vectors", "-n", namespace))
}

// A user who annotates a BarqCluster whose spec is not what runs learns of it before
// anything is restarted.
func TestATakeoverThatWouldRestartPodsIsRefused(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	output(t, helm("install", "db", filepath.Join(root, "helm-charts/barq-db"), "-n", namespace, "--wait",
		"--set", "replicas=2,minReadySeconds=0,logLevel=debug,resources.requests.cpu=0.5,resources.requests.memory=1024Mi,storage.storageClassName=simulated"))
	cluster := clusterOf(t, namespace, "db", `{}`)
	installed := observed(t, cluster)
	refusal := func(fields string) string {
		return `taking over the Helm release "db" would restart or delete its pods, because the spec asks for another StatefulSet in ` + fields +
			`. Write a spec that gives what runs, and change it afterwards`
	}
	refused := func(want string) {
		t.Helper()
		eventually(t, func() string {
			if got := waitFor(t, cluster, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed).Message; got != want {
				return got
			}
			return ""
		})
	}

	cluster = newCluster(t, namespace, "db", `{}`)
	annotate(t, cluster, "barq.db/adopt-release=database")
	refused(`annotation barq.db/adopt-release: "database" is not the name of this BarqCluster. Only a release of the same name can be taken over; ` +
		`write "db", or remove the annotation`)
	annotate(t, cluster, "barq.db/adopt-release=db")
	// The volumes are taken as they are, also of a class that the spec does not name.
	refused(refusal("spec.template.spec.containers[barq-db].env[RUST_LOG].value, spec.replicas"))
	output(t, kubectl("-n", namespace, "delete", "bqc/db", "--timeout=60s"))

	cluster = clusterOf(t, namespace, "db", `storage: {storageClassName: simulated}`)
	cluster.Annotations = map[string]string{"barq.db/adopt-release": "db"}
	require.NoError(t, admin.Create(t.Context(), cluster))
	refused(refusal("spec.template.spec.containers[barq-db].env[RUST_LOG].value, spec.replicas"))
	require.Equal(t, installed, observed(t, cluster))
	require.Equal(t, 1, newestRevision(t, namespace, "db"))
	requireOwner(t, cluster, nil)

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.LogLevel, spec.Replicas = "debug", ptr.To[int32](2)
	})
	waitReady(t, cluster)
	require.Equal(t, installed, observed(t, cluster))
	requireOwner(t, cluster, cluster)
}

func annotate(t *testing.T, cluster *v1alpha1.BarqCluster, annotation string) {
	t.Helper()
	output(t, kubectl("-n", cluster.Namespace, "annotate", "--overwrite", "bqc", cluster.Name, annotation))
}

// database is what must not change when it comes under the operator or goes back.
type database struct {
	generation int64
	revision   string
	pods       map[string]string
}

func observed(t *testing.T, cluster *v1alpha1.BarqCluster) database {
	t.Helper()
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace, Name: cluster.Name}}
	refresh(t, set)
	return database{generation: set.Generation, revision: set.Status.UpdateRevision, pods: identities(t, cluster)}
}

// requireOwner makes sure who owns what the release has made; nil is no owner.
func requireOwner(t *testing.T, cluster, owner *v1alpha1.BarqCluster) {
	t.Helper()
	key := metav1.ObjectMeta{Namespace: cluster.Namespace, Name: cluster.Name}
	set, service, account := &appsv1.StatefulSet{ObjectMeta: key}, &corev1.Service{ObjectMeta: key}, &corev1.ServiceAccount{ObjectMeta: key}
	refresh(t, set)
	refresh(t, service)
	refresh(t, account)
	for _, references := range [][]metav1.OwnerReference{set.OwnerReferences, service.OwnerReferences, account.OwnerReferences} {
		if owner == nil {
			require.Empty(t, references)
			continue
		}
		refresh(t, owner)
		require.Len(t, references, 1)
		require.Equal(t, owner.UID, references[0].UID)
	}
}
