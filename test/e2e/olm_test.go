package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/hack/image"
	"github.com/barq-db/barq-operator/test/barqcluster"
)

const (
	// nextVersion comes after this one, whichever that is.
	nextVersion = "99.0.0"
	// nextVersionVariable is the path of the same operator, built as that version.
	nextVersionVariable = "BARQ_OPERATOR_NEXT_BIN"
)

// The operator, installed by the Operator Lifecycle Manager from a catalog: in every
// install mode, upgraded through a channel, and removed.
func TestInstalledByOLM(t *testing.T) {
	// It outlives every operator of this test, so it is made before, and removed after.
	namespace := newNamespace(t)
	withoutOperator(t)
	manager := startLifecycleManager(t)
	this := packBundle(t, bundleVersion(t), images.operator)
	catalog := generateCatalog(t, "config/catalog/template.yaml", this)
	offer(t, manager.serve(t, "catalog-this", catalog))

	t.Run("Confined", func(t *testing.T) { confined(t, this) })
	t.Run("AllNamespaces", func(t *testing.T) {
		installed := newSubscription(t)
		installed.create(t, "candidate")
		installed.waitFor(t, this.version, images.operator)
		cluster := newCluster(t, namespace, "db", `{storage: {size: 64Mi}}`)
		suite.WaitReady(t, cluster)
		fill(t, namespace, "db-0", 100)
		pods := suite.Runs(t, cluster)

		nextOperator := packNextOperator(t)
		next := packBundle(t, nextVersion, nextOperator)
		offer(t, manager.serve(t, "catalog-next", generateCatalog(t, nextTemplate(t, this, next), next)))
		installed.waitFor(t, nextVersion, nextOperator)
		requireWorking(t, cluster)
		require.Equal(t, pods, suite.Runs(t, cluster), "the upgrade of the operator restarted the database")

		require.NoError(t, installed.unsubscribe(t.Context()))
		require.Equal(t, pods, suite.Runs(t, cluster), "the removal of the operator restarted the database")
		require.Equal(t, 100, found(t, namespace, "db-0", 100))

		require.NoError(t, installOperator(t.Context(), nextOperator))
		requireWorking(t, cluster)
		require.Equal(t, pods, suite.Runs(t, cluster), "the operator, installed again in another way, restarted the database")
		require.Equal(t, 100, found(t, namespace, "db-0", 100))
	})
	t.Run("BesideOthers", func(t *testing.T) { besideOthers(t, namespace, this) })
}

// confined installs the operator three times beside each other, for other namespaces each time.
func confined(t *testing.T, this packedBundle) {
	t.Run("OwnNamespace", func(t *testing.T) {
		t.Parallel()
		installed := newSubscription(t)
		installed.create(t, "stable", installed.namespace)
		installed.waitFor(t, this.version, images.operator)
		requireWorksOnlyIn(t, installed, installed.namespace)
	})
	t.Run("SingleNamespace", func(t *testing.T) {
		t.Parallel()
		installed := newSubscription(t)
		installed.env = append(installed.env, corev1.EnvVar{Name: "RELATED_IMAGE_BARQ_DB", Value: images.otherDatabase})
		target := newNamespace(t)
		installed.create(t, "stable", target)
		installed.waitFor(t, this.version, images.operator)
		requireWorksOnlyIn(t, installed, target)

		mirrored := barqcluster.Parse(t, target, "mirrored", `{storage: {size: 64Mi}}`)
		require.NoError(t, suite.Client.Create(t.Context(), mirrored))
		suite.WaitReady(t, mirrored)
		require.Equal(t, images.otherDatabase, mirrored.Status.Image)
	})
	t.Run("MultiNamespace", func(t *testing.T) {
		t.Parallel()
		installed := newSubscription(t)
		targets := []string{newNamespace(t), newNamespace(t)}
		installed.create(t, "stable", targets...)
		installed.waitFor(t, this.version, images.operator)
		requireWorksOnlyIn(t, installed, targets...)
	})
}

// besideOthers installs the operator by all three ways at once. Helm refuses, and of the
// two others one leaves the other's BarqClusters alone, until that one has gone.
func besideOthers(t *testing.T, namespace string, this packedBundle) {
	require.NoError(t, installOperator(t.Context(), images.operator))
	cluster := newCluster(t, namespace, "beside", `{storage: {size: 64Mi}}`)
	suite.WaitReady(t, cluster)
	fill(t, namespace, "beside-0", 100)
	pods := suite.Runs(t, cluster)

	second := newSubscription(t)
	second.create(t, "stable")
	second.waitFor(t, this.version, images.operator)
	out, err := exec.CommandContext(t.Context(), "helm", "install", operatorName, filepath.Join(root, "helm-charts", "barq-operator"),
		"--namespace", second.namespace).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "exists and cannot be imported into the current release")

	suite.Eventually(t, func() string {
		events := strings.Join(suite.Events(t, cluster), "\n")
		if strings.Contains(events, "Warning "+v1alpha1.ReasonManagedElsewhere+": operator "+leaseIn(second.namespace)+" is installed too") {
			return ""
		}
		return "the second operator has not said that it leaves the BarqCluster alone:\n" + events
	})
	requireWorking(t, cluster)
	require.Equal(t, leaseIn(operatorNamespace), cluster.Status.Operator)
	require.Equal(t, pods, suite.Runs(t, cluster), "a second operator restarted the database")

	out, err = kubectl("-n", operatorNamespace, "delete", "deployment", operatorName, "--cascade=foreground", "--timeout=2m").CombinedOutput()
	require.NoError(t, err, string(out))
	suite.Eventually(t, func() string {
		suite.Refresh(t, cluster)
		if cluster.Status.Operator == leaseIn(second.namespace) {
			return ""
		}
		return "still held by operator " + cluster.Status.Operator
	})
	requireWorking(t, cluster)
	require.Equal(t, pods, suite.Runs(t, cluster), "the change of operators restarted the database")
	require.Equal(t, 100, found(t, namespace, "beside-0", 100))

	// An operator has to finish its deletion.
	require.NoError(t, suite.Client.Delete(t.Context(), cluster))
	suite.WaitGone(t, cluster)
}

// leaseIn is the name that the operator in a namespace goes by.
func leaseIn(namespace string) string { return namespace + "/barq-operator.barq.db" }

// withoutOperator takes away the operator that the suite installed, for one test.
func withoutOperator(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		if err := installOperator(context.Background(), images.operator); err != nil {
			t.Errorf("installing the operator again: %v", err)
		}
	})
	require.NoError(t, removeOperator())
}

// packNextOperator packs the same operator, built as the next version.
func packNextOperator(t *testing.T) string {
	t.Helper()
	reference, err := image.Push(t.Context(), os.Getenv(registryVariable)+"/barq-operator:v"+nextVersion,
		operatorImage(os.Getenv(nextVersionVariable), filepath.Join(root, "helm-charts")))
	require.NoError(t, err)
	require.NotEqual(t, images.operator, reference)
	return reference
}

// requireWorking changes a BarqCluster in a way that restarts nothing, and waits until
// its operator has acted.
func requireWorking(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.Service.Annotations = map[string]string{"example.com/changed": metav1.Now().String()}
	})
	suite.WaitReady(t, cluster)
}

// requireWorksOnlyIn makes BarqClusters in the target namespaces, which must become Ready,
// and one elsewhere, which the operator must not touch, and tries what the operator's own token may do.
func requireWorksOnlyIn(t *testing.T, installed subscription, targets ...string) {
	t.Helper()
	elsewhere := newNamespace(t)
	stranger := newCluster(t, elsewhere, "db", `{storage: {size: 64Mi}}`)
	for _, target := range targets {
		suite.WaitReady(t, newCluster(t, target, "db", `{storage: {size: 64Mi}}`))
	}
	// The lifecycle manager gives the permissions in the operator's own namespace in any mode.
	requireConfined(t, installed.namespace, append(slices.Clone(targets), installed.namespace), elsewhere)

	suite.Refresh(t, stranger)
	require.Empty(t, stranger.Finalizers)
	require.Equal(t, v1alpha1.BarqClusterStatus{}, stranger.Status)
	var sets appsv1.StatefulSetList
	require.NoError(t, suite.Client.List(t.Context(), &sets, client.InNamespace(elsewhere)))
	require.Empty(t, sets.Items)
}
