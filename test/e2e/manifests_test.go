package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/hack/image"
)

// earlierVersionVariable is the path of the same operator, built as a version before.
const earlierVersionVariable = "BARQ_OPERATOR_BEFORE_BIN"

// The operator, installed from plain manifests with images from a mirror: upgraded,
// removed and installed again above a database that stays as it is; every sample; and
// confined to a namespace.
func TestInstalledByManifests(t *testing.T) {
	// Made before, and so removed after, the operator that the suite has is put back.
	namespace := newNamespace(t)
	uninstall(t.Context(), t)
	t.Cleanup(func() {
		uninstall(context.Background(), t)
		if err := installOperator(context.Background(), images.operator); err != nil {
			t.Errorf("installing the operator again: %v", err)
		}
	})

	apply(t, mirrored(t, "config/default", packEarlierOperator(t), earlierRelease))
	waitOperator(t)
	require.Contains(t, operatorLog(t), `"version":"0.0.1"`)
	cluster := newCluster(t, namespace, "db", `{storage: {size: 64Mi}}`)
	suite.WaitReady(t, cluster)
	fill(t, namespace, "db-0", 100)
	before := suite.Runs(t, cluster)

	t.Run("Upgrade", func(t *testing.T) {
		require.False(t, protectionKnown(t), "the earlier version has what this one brings")
		apply(t, mirrored(t, "dist/install.yaml", images.operator))
		waitOperator(t)
		require.True(t, protectionKnown(t), "the CRD was not upgraded")
		require.NotContains(t, operatorLog(t), `"version":"0.0.1"`)
		requireWorks(t, cluster)
		require.Equal(t, before, suite.Runs(t, cluster))
		require.Equal(t, 100, found(t, namespace, "db-0", 100))
	})
	t.Run("Samples", testSamples)
	t.Run("Removal", func(t *testing.T) {
		uninstall(t.Context(), t)
		require.Equal(t, 100, found(t, namespace, "db-0", 100))
		require.Equal(t, before, suite.Runs(t, cluster))
	})
	t.Run("InstalledAgain", func(t *testing.T) {
		apply(t, mirrored(t, "config/default", images.operator))
		waitOperator(t)
		requireWorks(t, cluster)
		require.Equal(t, before, suite.Runs(t, cluster))
	})
	t.Run("Namespaced", func(t *testing.T) {
		uninstall(t.Context(), t)
		apply(t, mirrored(t, "config/namespaced", images.operator))
		waitOperator(t)
		inside := newCluster(t, operatorNamespace, "db", `{storage: {size: 64Mi}}`)
		t.Cleanup(func() {
			if err := removeClusters(context.Background(), operatorNamespace); err != nil {
				t.Errorf("removing the BarqCluster beside the operator: %v", err)
			}
		})
		suite.WaitReady(t, inside)

		elsewhere := newNamespace(t)
		stranger := newCluster(t, elsewhere, "db", `{storage: {size: 64Mi}}`)
		requireConfined(t, operatorNamespace, []string{operatorNamespace}, elsewhere)
		// Something that the operator does see afterwards shows that it had the time.
		requireWorks(t, inside)
		suite.Refresh(t, stranger)
		require.Equal(t, v1alpha1.BarqClusterStatus{}, stranger.Status)
		var sets appsv1.StatefulSetList
		require.NoError(t, suite.Client.List(t.Context(), &sets, client.InNamespace(elsewhere)))
		require.Empty(t, sets.Items)
	})
}

// packEarlierOperator packs the same operator, built as a version before this one.
func packEarlierOperator(t *testing.T) string {
	t.Helper()
	reference, err := image.Push(t.Context(), os.Getenv(registryVariable)+"/barq-operator:before",
		operatorImage(os.Getenv(earlierVersionVariable), filepath.Join(root, "helm-charts")))
	require.NoError(t, err)
	require.NotEqual(t, images.operator, reference)
	return reference
}

// earlierRelease takes from the manifests what a former release would have lacked: a
// field of the CRD, and the policy that goes with it.
const earlierRelease = `
- target: {kind: CustomResourceDefinition, name: barqclusters.barq.db}
  patch: |
    - op: remove
      path: /spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/deletionProtection
- target: {kind: ValidatingAdmissionPolicy}
  patch: |
    $patch: delete
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicy
    metadata: {name: any}
- target: {kind: ValidatingAdmissionPolicyBinding}
  patch: |
    $patch: delete
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicyBinding
    metadata: {name: any}
`

// mirrored writes the kustomization of docs/install-manifests.md, which takes every image
// from another registry, and gives its folder.
func mirrored(t *testing.T, resource, operator string, patches ...string) string {
	t.Helper()
	repository, digest, _ := strings.Cut(operator, "@")
	folder := t.TempDir()
	if strings.HasSuffix(resource, ".yaml") {
		// Kustomize reads single files from its own folder only.
		manifest, err := os.ReadFile(filepath.Join(root, resource))
		require.NoError(t, err)
		resource = filepath.Base(resource)
		require.NoError(t, os.WriteFile(filepath.Join(folder, resource), manifest, 0o600))
	} else {
		// Nor does it take an absolute path.
		source, err := filepath.Abs(filepath.Join(root, resource))
		require.NoError(t, err)
		resource, err = filepath.Rel(folder, source)
		require.NoError(t, err)
	}
	content := fmt.Sprintf(`
resources: [%s]
images:
- name: ghcr.io/barq-db/barq-operator
  newName: %s
  digest: %s
patches:
- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: barq-operator
      namespace: barq-system
    spec:
      template:
        spec:
          containers:
            - name: manager
              env:
                - name: RELATED_IMAGE_BARQ_DB
                  value: %s
                - name: RELATED_IMAGE_BARQ_AGENT
                  value: %s
%s`, resource, repository, digest, images.database, images.agent, strings.Join(patches, ""))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(content), 0o600))
	return folder
}

func apply(t *testing.T, kustomization string) {
	t.Helper()
	out, err := kubectl("apply", "--server-side", "-k", kustomization).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// uninstall removes the operator as docs/install-manifests.md says: what it runs as, and
// neither the CRD nor a namespace, so that databases stay.
func uninstall(ctx context.Context, t *testing.T) {
	t.Helper()
	out, err := exec.CommandContext(ctx, "kubectl", "--namespace", operatorNamespace, "delete",
		"deployment,service,networkpolicy,serviceaccount,role,rolebinding,clusterrole,clusterrolebinding",
		"--selector", "app.kubernetes.io/name=barq-operator", "--cascade=foreground", "--timeout=2m").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// operatorLog gives the log of the one operator that there is.
func operatorLog(t *testing.T) string {
	t.Helper()
	pods := slices.DeleteFunc(operatorPods(t), func(pod corev1.Pod) bool { return pod.DeletionTimestamp != nil })
	require.Len(t, pods, 1)
	content, err := clientset.CoreV1().Pods(operatorNamespace).GetLogs(pods[0].Name, &corev1.PodLogOptions{}).DoRaw(t.Context())
	require.NoError(t, err)
	return string(content)
}

// protectionKnown tells whether the CRD has the field that an earlier release lacks.
func protectionKnown(t *testing.T) bool {
	t.Helper()
	definition := &unstructured.Unstructured{}
	definition.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	definition.SetName("barqclusters.barq.db")
	suite.Refresh(t, definition)
	versions, _, err := unstructured.NestedSlice(definition.Object, "spec", "versions")
	require.NoError(t, err)
	_, known, err := unstructured.NestedMap(versions[0].(map[string]any),
		"schema", "openAPIV3Schema", "properties", "spec", "properties", "deletionProtection")
	require.NoError(t, err)
	return known
}

// requireWorks changes a BarqCluster in a way that restarts nothing, and waits until its
// operator has acted.
func requireWorks(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	changed := map[string]string{"example.com/changed": metav1.Now().String()}
	suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Service.Annotations = changed })
	suite.Eventually(t, func() string {
		service := &corev1.Service{}
		service.Namespace, service.Name = cluster.Namespace, cluster.Name
		suite.Refresh(t, service)
		if service.Annotations["example.com/changed"] == changed["example.com/changed"] {
			return ""
		}
		return fmt.Sprintf("annotations of the Service: %v", service.Annotations)
	})
	suite.WaitReady(t, cluster)
}

// becomesReady tells of each sample whether its database becomes Ready without a cloud. One with tiers and an empty volume does not start
// before its buckets have said that they have no data of it.
var becomesReady = map[string]bool{
	"barqcluster_minimal.yaml":     true,
	"barqcluster_independent.yaml": true,
	"barqcluster_production.yaml":  true,
	"barqcluster_azure.yaml":       false,
	"barqcluster.yaml":             false,
	"barqcluster_s3.yaml":          false,
	"barqcluster_gcs.yaml":         false,
	"barqcluster_identity.yaml":    false,
}

// testSamples applies every sample as it is.
func testSamples(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(root, "config", "samples", "barqcluster*.yaml"))
	require.NoError(t, err)
	require.Len(t, paths, len(becomesReady))
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			t.Parallel()
			ready, expected := becomesReady[filepath.Base(path)]
			require.True(t, expected, "becomesReady does not have %s", path)
			testSample(t, path, ready)
		})
	}
}

func testSample(t *testing.T, path string, ready bool) {
	t.Helper()
	namespace := newNamespace(t)
	out, err := kubectl("--namespace", namespace, "apply", "-f", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
	var clusters v1alpha1.BarqClusterList
	require.NoError(t, suite.Client.List(t.Context(), &clusters, client.InNamespace(namespace)))
	require.Len(t, clusters.Items, 1)
	cluster := &clusters.Items[0]
	if cluster.Spec.DeletionProtection {
		// The namespace could not be cleaned up otherwise.
		t.Cleanup(func() {
			patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"deletionProtection":false}}`))
			if err := suite.Client.Patch(context.Background(), cluster.DeepCopy(), patch); err != nil {
				t.Errorf("ending the protection of %s: %v", cluster.Name, err)
			}
		})
	}
	if ready {
		suite.WaitReady(t, cluster)
		return
	}
	suite.Eventually(t, func() string {
		suite.Refresh(t, cluster)
		for _, name := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionTiersReachable, v1alpha1.ConditionArchiving} {
			found := meta.FindStatusCondition(cluster.Status.Conditions, name)
			if found == nil || found.Status != metav1.ConditionFalse || found.Reason == v1alpha1.ReasonRestoring {
				return fmt.Sprintf("%s is %v", name, found)
			}
		}
		return ""
	})
}
