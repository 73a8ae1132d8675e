package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/hack/image"
	"github.com/barq-db/barq-operator/hack/image/programimage"
	"github.com/barq-db/barq-operator/test/snapshot"
)

// formerVariable is the folder with the program and the charts of the operator of a former commit (hack/former-operator.sh).
const formerVariable = "BARQ_OPERATOR_FORMER"

// An upgrade of the operator from the former commit, the way back and the next upgrade restart no database and make no revision, as long as
// the operator has no image of the agent.
// Each operator shows that it has looked at a BarqCluster by the revert of an edit. Then all databases get the agent, and lose it.
func TestAnUpgradeFromTheFormerOperatorChangesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("replaces the operator three times")
	}
	former := os.Getenv(formerVariable)
	require.FileExists(t, filepath.Join(former, "barq-operator"), "make bin/e2e could not build it: see hack/former-operator.sh")

	namespace := newNamespace(t)
	makeWayForHelm(t)
	helm := func(args ...string) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "helm", append(args, "--namespace", operatorNamespace, "--wait")...).CombinedOutput()
		require.NoError(t, err, "helm %s: %s", strings.Join(args, " "), out)
	}
	formerImage, err := image.Push(t.Context(), os.Getenv(registryVariable)+"/barq-operator:of-a-former-commit",
		programimage.Operator.Content(former, filepath.Join(former, "barq-operator")))
	require.NoError(t, err)
	formerChart, thisChart := filepath.Join(t.TempDir(), "barq-operator"), filepath.Join(t.TempDir(), "barq-operator")
	copyChart(t, filepath.Join(former, "helm-charts", "barq-operator"), formerChart, formerImage)
	copyChart(t, filepath.Join(root, "helm-charts", "barq-operator"), thisChart, images.operator)

	helm("install", operatorName, formerChart, "--create-namespace")
	databases := newDatabases(t, namespace)
	before := databases.observe(t)

	helm("upgrade", operatorName, thisChart, "--reset-then-reuse-values", "--set", "agent.image=")
	databases.requireUnchanged(t, before, images.operator)
	helm("rollback", operatorName)
	databases.requireUnchanged(t, before, formerImage)
	helm("upgrade", operatorName, thisChart, "--reset-then-reuse-values", "--set", "agent.image=")
	databases.requireUnchanged(t, before, images.operator)

	// The agent comes and goes with a restart of each database, which keeps its documents.
	for _, agent := range []string{images.agent, ""} {
		helm("upgrade", operatorName, thisChart, "--reset-then-reuse-values", "--set", "agent.image="+agent)
		for _, cluster := range databases.clusters {
			awaitAgent(t, cluster, agent)
			suite.WaitReady(t, cluster)
			require.Equal(t, written, found(t, namespace, cluster.Name+"-0", written))
		}
	}
	removeRelease(t, databases.clusters...)
}

// databases are BarqClusters of each sort, with documents.
type databases struct {
	namespace string
	clusters  []*v1alpha1.BarqCluster
	reader    *snapshot.Reader
}

// written is the number of documents in each database.
const written = 10

// newDatabases creates the BarqClusters, and edits one so that it has two revisions.
func newDatabases(t *testing.T, namespace string) databases {
	t.Helper()
	for name, data := range map[string]map[string]string{
		"keys":    {"key": "1"},
		"account": {"AZURE_STORAGE_ACCOUNT": "account", "AZURE_STORAGE_ACCESS_KEY": "a2V5"},
	} {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, StringData: data}
		require.NoError(t, suite.Client.Create(t.Context(), secret))
	}
	reader, err := snapshot.NewReader(restConfig)
	require.NoError(t, err)
	made := databases{namespace: namespace, reader: reader, clusters: []*v1alpha1.BarqCluster{
		newCluster(t, namespace, "edited", `{storage: {size: 64Mi}}`),
		newCluster(t, namespace, "primary", `
{replicas: 2, storage: {size: 64Mi}, podLabels: {team: search}, service: {annotations: {example.com/port: "1"}},
  env: [{name: KEY, valueFrom: {secretKeyRef: {name: keys, key: key}}}]}`),
		newCluster(t, namespace, "independent", `{replicas: 2, storage: {size: 64Mi}, topology: {mode: Independent}}`),
		newCluster(t, namespace, "tiers", `
{storage: {size: 64Mi, retention: {whenDeleted: Delete}}, tiering: {enabled: true,
  cold: {provider: azure, bucket: cold, credentialsSecretRef: {name: account}}}}`),
	}}
	for _, cluster := range made.clusters {
		suite.WaitReady(t, cluster)
		fill(t, namespace, cluster.Name+"-0", written)
	}
	actsOn(t, made.clusters[0], false)
	return made
}

// observation is what an upgrade of the operator leaves as it is.
type observation struct {
	// objects are all objects of the namespace, the revisions of the releases too.
	objects snapshot.Snapshot
	// runs and versions are those of the containers, and of the Secrets of the revisions.
	runs, versions map[string]string
}

func (d databases) observe(t *testing.T) observation {
	t.Helper()
	objects, err := d.reader.Take(t.Context())
	require.NoError(t, err)
	found := observation{runs: map[string]string{}, versions: map[string]string{}}
	found.objects = objects.Only(func(name snapshot.Name, _ *unstructured.Unstructured) bool { return name.Namespace == d.namespace })
	for _, cluster := range d.clusters {
		for name, run := range suite.Runs(t, cluster) {
			found.runs[name] = run
		}
	}
	var revisions corev1.SecretList
	require.NoError(t, suite.Client.List(t.Context(), &revisions, client.InNamespace(d.namespace), client.MatchingLabels{"owner": "helm"}))
	for _, revision := range revisions.Items {
		found.versions[revision.Name] = revision.ResourceVersion
	}
	require.Len(t, found.versions, len(d.clusters)+1)
	return found
}

// requireUnchanged waits until the operator of the image has looked at each BarqCluster, and compares all with before.
func (d databases) requireUnchanged(t *testing.T, before observation, operator string) {
	t.Helper()
	waitOperator(t)
	require.Equal(t, operator, operatorPods(t)[0].Spec.Containers[0].Image)
	for _, cluster := range d.clusters {
		d.awaitRevert(t, cluster)
		suite.WaitReady(t, cluster)
		require.Equal(t, cluster.Generation, cluster.Status.ObservedGeneration)
		require.Equal(t, written, found(t, d.namespace, cluster.Name+"-0", written))
	}
	after := d.observe(t)
	require.Empty(t, snapshot.Differences(before.objects, after.objects))
	require.Equal(t, before.runs, after.runs)
	require.Equal(t, before.versions, after.versions)
}

// awaitRevert edits the headless Service of a BarqCluster, and waits until the operator has reverted that.
func (d databases) awaitRevert(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: d.namespace, Name: cluster.Name + "-headless"}}
	edit := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"publishNotReadyAddresses":false}}`))
	require.NoError(t, suite.Client.Patch(t.Context(), service, edit))
	suite.Eventually(t, func() string {
		suite.Refresh(t, service)
		if !service.Spec.PublishNotReadyAddresses {
			return fmt.Sprintf("the edit of the Service %s was not reverted", service.Name)
		}
		return ""
	})
}
