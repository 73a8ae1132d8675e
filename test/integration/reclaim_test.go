package integration

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
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/access"
	"github.com/barq-db/barq-operator/test/markdown"
)

// volumesOf gives the volumes of a BarqCluster's claims by the names of these, and deletes them at the end.
func volumesOf(t *testing.T, cluster *v1alpha1.BarqCluster) map[string]*corev1.PersistentVolume {
	t.Helper()
	found := map[string]*corev1.PersistentVolume{}
	for name, pvc := range pvcs(t, cluster) {
		volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: pvc.Spec.VolumeName}}
		refresh(t, volume)
		found[name] = volume
		t.Cleanup(func() {
			goes := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}`))
			_ = admin.Patch(context.Background(), volume, goes)
		})
	}
	return found
}

func requirePolicies(t *testing.T, want corev1.PersistentVolumeReclaimPolicy, volumes map[string]*corev1.PersistentVolume) {
	t.Helper()
	for _, volume := range volumes {
		refresh(t, volume)
		require.Equal(t, want, volume.Spec.PersistentVolumeReclaimPolicy, volume.Name)
	}
}

// Volumes outlive their namespace, and the commands of the page bring them back.
func TestDataOfADeletedNamespaceIsBroughtBack(t *testing.T) {
	namespace := newNamespace(t)
	db := newCluster(t, namespace, "vectors", `{replicas: 2, storage: {size: 10Gi}}`)
	waitReady(t, db)
	volumes := volumesOf(t, db)
	require.Len(t, volumes, 2)
	requirePolicies(t, corev1.PersistentVolumeReclaimDelete, volumes)

	before := identities(t, db)
	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.Storage.Retention.Reclaim = v1alpha1.ReclaimRetain })
	waitFor(t, db, v1alpha1.ConditionVolumesRetained, metav1.ConditionTrue, v1alpha1.ReasonRetainSet)
	requirePolicies(t, corev1.PersistentVolumeReclaimRetain, volumes)
	require.Equal(t, before, identities(t, db), "no pod restarts for it")
	operator.Stop()
	require.NoError(t, operator.Start())
	requireIdle(t, db)

	const manifest = "apiVersion: barq.db/v1alpha1\nkind: BarqCluster\nmetadata: {name: vectors}\n" +
		"spec: {replicas: 2, storage: {size: 10Gi, retention: {reclaim: Retain}}}\n"
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "vectors.yaml"), []byte(manifest), 0o600))
	deleted := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	refresh(t, deleted)
	output(t, kubectl("delete", "namespace", namespace, "--timeout=2m"))
	gone(t, deleted)
	eventually(t, func() string {
		for name, volume := range volumes {
			refresh(t, volume)
			if volume.Status.Phase != corev1.VolumeReleased {
				return fmt.Sprintf("the volume of %s is %s", name, volume.Status.Phase)
			}
		}
		return ""
	})

	text, err := os.ReadFile(filepath.Join(root, "docs/operate.md"))
	require.NoError(t, err)
	blocks := slices.DeleteFunc(markdown.Blocks(string(text)), func(block markdown.Block) bool {
		return !strings.Contains(block.Marker, "TestDataOfADeletedNamespaceIsBroughtBack")
	})
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		command := exec.Command("bash", "-euo", "pipefail", "-c", strings.ReplaceAll(block.Code, "search", namespace))
		command.Dir = folder
		command.Env = append(os.Environ(), "KUBECONFIG="+adminKubeconfig, "PATH="+filepath.Dir(kubectlProgram)+":"+os.Getenv("PATH"))
		t.Log(output(t, command))
	}
	again := clusterOf(t, namespace, "vectors", `{replicas: 2}`)
	waitReady(t, again)
	for name, pvc := range pvcs(t, again) {
		require.Equal(t, volumes[name].Name, pvc.Spec.VolumeName, "the PVC has the volume with the data")
	}
	waitFor(t, again, v1alpha1.ConditionVolumesRetained, metav1.ConditionTrue, v1alpha1.ReasonRetainSet)
}

// An operator that may not touch PersistentVolumes works, and says what it cannot do.
func TestVolumesCannotBeRetainedWithoutTheRight(t *testing.T) {
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "barq-operator"}}
	refresh(t, role)
	rules := role.Rules
	grant := func(granted []rbacv1.PolicyRule) {
		require.NoError(t, admin.Get(context.Background(), client.ObjectKeyFromObject(role), role))
		role.Rules = granted
		require.NoError(t, admin.Update(context.Background(), role))
	}
	t.Cleanup(func() { grant(rules) })
	grant(slices.DeleteFunc(slices.Clone(rules), func(rule rbacv1.PolicyRule) bool { return slices.Contains(rule.Resources, "persistentvolumes") }))

	db := newCluster(t, newNamespace(t), "db", `{storage: {retention: {reclaim: Retain}}}`)
	waitReady(t, db)
	said := waitFor(t, db, v1alpha1.ConditionVolumesRetained, metav1.ConditionFalse, v1alpha1.ReasonRetainRefused)
	require.Contains(t, said.Message, `of PVC data-db-0 is deleted with the PVC: persistentvolumes "`)
	require.Contains(t, said.Message, "or let the operator get and patch persistentvolumes")
	requireTold(t, db, 1, `^Warning RetainRefused: `)
	requirePolicies(t, corev1.PersistentVolumeReclaimDelete, volumesOf(t, db))
	requireIdle(t, db)

	// Once it is granted, the next change tries it again.
	grant(rules)
	may := func(verb string) authorizationv1.SubjectAccessReviewSpec {
		return authorizationv1.SubjectAccessReviewSpec{User: operatorUser, ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: verb, Resource: "persistentvolumes"}}
	}
	require.NoError(t, access.Await(t.Context(), admin, may("get"), may("patch")))
	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.Storage.Retention.WhenScaled = v1alpha1.RetentionDelete })
	waitFor(t, db, v1alpha1.ConditionVolumesRetained, metav1.ConditionTrue, v1alpha1.ReasonRetainSet)
	requirePolicies(t, corev1.PersistentVolumeReclaimRetain, volumesOf(t, db))
}
