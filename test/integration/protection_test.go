package integration

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// unprotectInTheEnd lets the namespace of a BarqCluster be deleted after the test.
func unprotectInTheEnd(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Cleanup(func() {
		unprotected := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"deletionProtection":false}}`))
		_ = admin.Patch(context.Background(), cluster.DeepCopy(), unprotected)
	})
}

// A protected BarqCluster is not deleted by any way there is, until it is not
// protected any more.
func TestDeletionProtection(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{deletionProtection: true}`)
	unprotectInTheEnd(t, cluster)
	waitReady(t, cluster)
	waitFor(t, cluster, v1alpha1.ConditionDeletionProtected, metav1.ConditionTrue, v1alpha1.ReasonPolicyBound)
	before := identities(t, cluster)

	const message = `BarqCluster db is protected: spec.deletionProtection is true; set it to false before you delete it`
	for name, err := range map[string]error{
		"delete":            admin.Delete(t.Context(), cluster.DeepCopy()),
		"in the foreground": admin.Delete(t.Context(), cluster.DeepCopy(), client.PropagationPolicy("Foreground")),
		"orphaning":         admin.Delete(t.Context(), cluster.DeepCopy(), client.PropagationPolicy("Orphan")),
		"all":               admin.DeleteAllOf(t.Context(), &v1alpha1.BarqCluster{}, client.InNamespace(namespace)),
	} {
		require.True(t, apierrors.IsForbidden(err), "%s: %v", name, err)
		require.ErrorContains(t, err, message, name)
	}
	for _, command := range [][]string{
		{"delete", "bqc/db"},
		{"delete", "bqc", "--all"},
		{"delete", "bqc/db", "--force", "--grace-period=0"},
	} {
		require.Contains(t, refused(t, kubectl(append([]string{"-n", namespace}, command...)...)), message, command)
	}
	waitReady(t, cluster)
	require.Nil(t, cluster.DeletionTimestamp)
	require.Equal(t, before, identities(t, cluster))

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.DeletionProtection = false })
	eventually(t, func() string {
		refresh(t, cluster)
		if said := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionDeletionProtected); said != nil {
			return said.Message
		}
		return ""
	})
	require.NoError(t, admin.Delete(t.Context(), cluster))
	gone(t, cluster)
}

// A namespace that is deleted waits for a protected BarqCluster, and takes all else in it, its data too. docs/operate.md says so in bold.
func TestTheNamespaceTakesWhatIsProtected(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{deletionProtection: true}`)
	unprotectInTheEnd(t, cluster)
	waitReady(t, cluster)
	volumes := volumesOf(t, cluster)
	require.NotEmpty(t, volumes)
	output(t, kubectl("delete", "namespace", namespace, "--wait=false"))
	for _, volume := range volumes {
		gone(t, volume)
	}
	refresh(t, cluster)
	require.Nil(t, cluster.DeletionTimestamp)
	require.Empty(t, pvcs(t, cluster))
	require.Empty(t, pods(t, cluster))
	deleted := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	refresh(t, deleted)
	require.NotNil(t, deleted.DeletionTimestamp)

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.DeletionProtection = false })
	// Kubernetes tries again after up to a minute.
	patient := suite()
	patient.Patience *= 2
	patient.WaitGone(t, deleted)
}

// deletionPolicy is the name of the policy, of its binding, and of the role by which the operator sees them.
const deletionPolicy = "barq-operator-deletion-protection"

// Without the policy a protected BarqCluster can be deleted. It says so, and what to do, and says when it was done.
func TestDeletionProtectionWithoutItsPolicy(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{deletionProtection: true}`)
	unprotectInTheEnd(t, cluster)
	install := func() { output(t, kubectl("apply", "-k", filepath.Join(root, "config/admission"))) }
	t.Cleanup(func() { _, _ = kubectl("apply", "-k", filepath.Join(root, "config/admission")).CombinedOutput() })
	says := func(status metav1.ConditionStatus, reason, message string) {
		t.Helper()
		eventually(t, func() string {
			refresh(t, cluster)
			said := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionDeletionProtected)
			if said == nil || said.Status != status || said.Reason != reason || said.Message != message {
				return fmt.Sprintf("%+v", said)
			}
			return ""
		})
	}
	const (
		bound   = "the API server refuses to delete the BarqCluster (ValidatingAdmissionPolicy " + deletionPolicy + ")"
		without = "spec.deletionProtection has no effect: "
		remedy  = "; an administrator installs it with the operator's chart (deletionProtection.enabled=true) or with: kubectl apply -k config/admission"
	)
	waitReady(t, cluster)
	says(metav1.ConditionTrue, v1alpha1.ReasonPolicyBound, bound)

	require.NoError(t, admin.Delete(t.Context(), &admissionregistrationv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: deletionPolicy}}))
	says(metav1.ConditionFalse, v1alpha1.ReasonPolicyMissing, without+"there is no ValidatingAdmissionPolicyBinding "+deletionPolicy+remedy)
	require.Equal(t, v1alpha1.PhaseReady, cluster.Status.Phase)
	require.NoError(t, admin.Delete(t.Context(), &admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: deletionPolicy}}))
	says(metav1.ConditionFalse, v1alpha1.ReasonPolicyMissing, without+"there is no ValidatingAdmissionPolicy "+deletionPolicy+remedy)
	eventually(t, func() string {
		if err := admin.Delete(t.Context(), cluster.DeepCopy(), client.DryRunAll); err != nil {
			return err.Error()
		}
		return ""
	})
	waitEvent(t, cluster, "Warning PolicyMissing: "+without+"there is no ValidatingAdmissionPolicyBinding "+deletionPolicy+remedy)

	install()
	says(metav1.ConditionTrue, v1alpha1.ReasonPolicyBound, bound)
	eventually(t, func() string {
		if err := admin.Delete(t.Context(), cluster.DeepCopy(), client.DryRunAll); !apierrors.IsForbidden(err) {
			return fmt.Sprint(err)
		}
		return ""
	})
}

// An operator that may not read the policy works, and says what it does not know.
func TestTheDeletionPolicyMayNotBeRead(t *testing.T) {
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: deletionPolicy}}
	refresh(t, binding)
	operator.Stop()
	require.NoError(t, admin.Delete(t.Context(), binding.DeepCopy()))
	t.Cleanup(func() {
		operator.Stop()
		binding.ResourceVersion, binding.UID = "", ""
		require.NoError(t, admin.Create(context.Background(), binding))
		require.NoError(t, operator.Start())
	})
	require.NoError(t, operator.Start())
	cluster := newCluster(t, newNamespace(t), "db", `{deletionProtection: true}`)
	unprotectInTheEnd(t, cluster)
	waitReady(t, cluster)
	said := waitFor(t, cluster, v1alpha1.ConditionDeletionProtected, metav1.ConditionUnknown, v1alpha1.ReasonPolicyUnknown)
	const tellsHow = "an administrator can see it with: kubectl get validatingadmissionpolicy,validatingadmissionpolicybinding " + deletionPolicy
	require.Contains(t, said.Message, tellsHow)
	out := output(t, kubectl("get", "validatingadmissionpolicy,validatingadmissionpolicybinding", deletionPolicy, "-o", "name"))
	require.Equal(t, "validatingadmissionpolicy.admissionregistration.k8s.io/"+deletionPolicy+
		"\nvalidatingadmissionpolicybinding.admissionregistration.k8s.io/"+deletionPolicy+"\n", out)
}
