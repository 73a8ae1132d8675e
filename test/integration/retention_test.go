package integration

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// waitPVCs waits until the BarqCluster has these PVCs and no others.
func waitPVCs(t *testing.T, cluster *v1alpha1.BarqCluster, names ...string) {
	t.Helper()
	eventually(t, func() string {
		if have := slices.Sorted(maps.Keys(pvcs(t, cluster))); !slices.Equal(have, names) {
			return "PVCs " + strings.Join(have, ", ")
		}
		return ""
	})
}

// Volumes are deleted where the spec says so, and a database that sleeps keeps its
// own whatever it says.
func TestRetention(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 3, storage: {retention: {whenDeleted: Delete, whenScaled: Delete}}}`)
	waitReady(t, cluster)
	waitPVCs(t, cluster, "data-db-0", "data-db-1", "data-db-2")

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
	waitReady(t, cluster)
	waitPVCs(t, cluster, "data-db-0", "data-db-1")
	before := pvcs(t, cluster)["data-db-0"].UID

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](0) })
	waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)
	waitPVCs(t, cluster, "data-db-0", "data-db-1")
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
	waitReady(t, cluster)
	require.Equal(t, before, pvcs(t, cluster)["data-db-0"].UID)

	require.NoError(t, admin.Delete(t.Context(), cluster.DeepCopy()))
	gone(t, cluster.DeepCopy())
	waitPVCs(t, cluster)
}

// retain is an edit of what becomes of the volumes when the BarqCluster is deleted.
func retain(policy v1alpha1.RetentionPolicy) func(*v1alpha1.BarqClusterSpec) {
	return func(spec *v1alpha1.BarqClusterSpec) { spec.Storage.Retention.WhenDeleted = policy }
}

// remove deletes the BarqCluster, and waits until it is gone with its StatefulSet and its pods.
func remove(t *testing.T, cluster *v1alpha1.BarqCluster, opts ...client.DeleteOption) {
	t.Helper()
	require.NoError(t, admin.Delete(t.Context(), cluster.DeepCopy(), opts...))
	waitRemoved(t, cluster)
}

// waitRemoved waits until a BarqCluster that was deleted is gone with its StatefulSet and its pods.
func waitRemoved(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	gone(t, cluster.DeepCopy())
	set := &appsv1.StatefulSet{}
	set.Namespace, set.Name = cluster.Namespace, cluster.Name
	gone(t, set)
	eventually(t, func() string {
		if left := pods(t, cluster); len(left) > 0 {
			return fmt.Sprintf("%d pods are left", len(left))
		}
		return ""
	})
}

// requirePVCs gives the garbage collector time for what it would do, and compares the PVCs that are left.
func requirePVCs(t *testing.T, cluster *v1alpha1.BarqCluster, names ...string) {
	t.Helper()
	waitPVCs(t, cluster, names...)
	time.Sleep(soon)
	waitPVCs(t, cluster, names...)
}

// What becomes of volumes is what the newest spec says, also of pods that were absent when it changed.
func TestRetentionIsThatOfTheNewestSpec(t *testing.T) {
	t.Parallel()
	const deletes, keeps = v1alpha1.RetentionDelete, v1alpha1.RetentionRetain
	for _, absent := range []int32{0, 1, 3} {
		for _, last := range []v1alpha1.RetentionPolicy{keeps, deletes} {
			t.Run(fmt.Sprintf("%d pods, %s", absent, last), func(t *testing.T) {
				namespace := newNamespace(t)
				first := map[v1alpha1.RetentionPolicy]v1alpha1.RetentionPolicy{keeps: deletes, deletes: keeps}[last]
				cluster := newCluster(t, namespace, "db", `{replicas: 3, storage: {retention: {whenDeleted: `+string(first)+`}}}`)
				waitReady(t, cluster)
				change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To(absent) })
				reason := v1alpha1.ReasonReady
				if absent == 0 {
					reason = v1alpha1.ReasonHibernated
				}
				waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, reason)
				change(t, cluster, retain(last))
				waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, reason)

				remove(t, cluster)
				all := []string{"data-db-0", "data-db-1", "data-db-2"}
				says := "Normal Deleting: the BarqCluster is being deleted; its volumes are kept, " +
					"because spec.storage.retention.whenDeleted is Retain: data-db-0, data-db-1, data-db-2"
				if last == deletes {
					all = nil
					says = "Normal Deleting: the BarqCluster is being deleted; its volumes are deleted with it, because spec.storage.retention.whenDeleted is Delete: "
				}
				requirePVCs(t, cluster, all...)
				waitEvent(t, cluster, says)
			})
		}
	}
}

// A deletion goes by the spec that is being deleted, also if that spec was never applied.
func TestRetentionIsSettledByTheDeletion(t *testing.T) {
	const deletes, keeps = v1alpha1.RetentionDelete, v1alpha1.RetentionRetain
	missing := fromSecret("TOKEN", "absent", "token")
	for name, edit := range map[string]func(t *testing.T, cluster *v1alpha1.BarqCluster, policy v1alpha1.RetentionPolicy){
		"paused": func(t *testing.T, cluster *v1alpha1.BarqCluster, policy v1alpha1.RetentionPolicy) {
			t.Helper()
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = true })
			waitFor(t, cluster, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonPaused)
			change(t, cluster, retain(policy))
			waitFor(t, cluster, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonPaused)
		},
		"a Secret is missing": func(t *testing.T, cluster *v1alpha1.BarqCluster, policy v1alpha1.RetentionPolicy) {
			t.Helper()
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
				retain(policy)(spec)
				spec.Env = []v1alpha1.EnvVar{{Name: missing.Name, ValueFrom: missing.ValueFrom}}
			})
			waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSecretMissing)
		},
		"the release fails": func(t *testing.T, cluster *v1alpha1.BarqCluster, policy v1alpha1.RetentionPolicy) {
			t.Helper()
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
				retain(policy)(spec)
				// No rule of the CRD knows the operators of an affinity.
				spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
					RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
						MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "zone", Operator: "Beside", Values: []string{"a"}}},
					}}},
				}}
			})
			waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReleaseFailed)
		},
		"the operator is away": func(t *testing.T, cluster *v1alpha1.BarqCluster, policy v1alpha1.RetentionPolicy) {
			t.Helper()
			operator.Kill()
			change(t, cluster, retain(policy))
		},
	} {
		for _, cascade := range []metav1.DeletionPropagation{metav1.DeletePropagationBackground, metav1.DeletePropagationForeground} {
			for _, last := range []v1alpha1.RetentionPolicy{keeps, deletes} {
				t.Run(fmt.Sprintf("%s, %s, %s", name, cascade, last), func(t *testing.T) {
					namespace := newNamespace(t)
					first := map[v1alpha1.RetentionPolicy]v1alpha1.RetentionPolicy{keeps: deletes, deletes: keeps}[last]
					cluster := newCluster(t, namespace, "db", `{replicas: 2, storage: {retention: {whenDeleted: `+string(first)+`}}}`)
					waitReady(t, cluster)
					edit(t, cluster, last)
					require.NoError(t, admin.Delete(t.Context(), cluster.DeepCopy(), client.PropagationPolicy(cascade)))
					if name == "the operator is away" {
						time.Sleep(soon)
						require.NoError(t, operator.Start())
					}
					waitRemoved(t, cluster)
					var want []string
					if last == keeps {
						want = []string{"data-db-0", "data-db-1"}
					}
					requirePVCs(t, cluster, want...)
				})
			}
		}
	}
}

// With whenDeleted: Delete the data goes with the BarqCluster, and with nothing else.
func TestOnlyTheDeletionOfTheBarqClusterDeletesData(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 2, storage: {retention: {whenDeleted: Delete, whenScaled: Delete}}}`)
	waitReady(t, cluster)
	uids := func() map[string]string {
		found := map[string]string{}
		for name, pvc := range pvcs(t, cluster) {
			found[name] = string(pvc.UID)
		}
		return found
	}
	before := uids()
	for _, cascade := range []string{"background", "foreground", "orphan"} {
		set := statefulSet(t, cluster)
		output(t, kubectl("-n", namespace, "delete", "statefulset/db", "--cascade="+cascade, "--timeout=60s"))
		eventually(t, func() string {
			again := &appsv1.StatefulSet{}
			if err := admin.Get(t.Context(), client.ObjectKeyFromObject(set), again); err != nil {
				return err.Error()
			}
			if again.UID == set.UID {
				return "the StatefulSet is the same"
			}
			return ""
		})
		waitReady(t, cluster)
		time.Sleep(soon)
		require.Equal(t, before, uids(), cascade)
	}

	// A smaller StatefulSet is not a smaller BarqCluster.
	output(t, kubectl("-n", namespace, "scale", "statefulset/db", "--replicas=0"))
	eventually(t, func() string {
		if set := statefulSet(t, cluster); *set.Spec.Replicas != 2 {
			return "the operator has not put it right"
		}
		return ""
	})
	waitReady(t, cluster)
	require.Equal(t, before, uids())

	output(t, kubectl("-n", namespace, "delete", "bqc/db", "--cascade=orphan", "--timeout=60s"))
	gone(t, cluster.DeepCopy())
	requirePVCs(t, cluster, "data-db-0", "data-db-1")
	require.Equal(t, before, uids(), "--cascade=orphan")
}

// An operator that is away when a BarqCluster is deleted with --cascade=orphan keeps the data when it is back.
func TestAnOrphanKeepsItsVolumesThoughTheOperatorWasAway(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `storage: {retention: {whenDeleted: Delete}}`)
	waitReady(t, cluster)
	operator.Kill()
	output(t, kubectl("-n", namespace, "delete", "bqc/db", "--cascade=orphan", "--wait=false"))
	eventually(t, func() string {
		refresh(t, cluster)
		if slices.Contains(cluster.Finalizers, metav1.FinalizerOrphanDependents) {
			return "the garbage collector is not done"
		}
		return ""
	})
	require.NoError(t, operator.Start())
	gone(t, cluster.DeepCopy())
	requirePVCs(t, cluster, "data-db-0")
}

// A former operator let the StatefulSet delete the PVCs. Such a BarqCluster moves without a restart, and a deletion undoes that
// first if nothing was ever applied since.
func TestAFormerRetentionIsTakenBack(t *testing.T) {
	for name, paused := range map[string]bool{"moves": false, "deleted before it moves": true} {
		t.Run(name, func(t *testing.T) {
			namespace := newNamespace(t)
			cluster := newCluster(t, namespace, "db", `{replicas: 3, storage: {retention: {whenDeleted: Retain}}}`)
			waitReady(t, cluster)
			before := identities(t, cluster)
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = true })
			waitFor(t, cluster, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonPaused)
			output(t, kubectl("-n", namespace, "patch", "statefulset/db", "--type=merge", "-p",
				`{"spec":{"replicas":1,"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Delete","whenScaled":"Retain"}}}`))
			eventually(t, func() string {
				for name, pvc := range pvcs(t, cluster) {
					if len(pvc.OwnerReferences) == 0 {
						return name + " does not go with the StatefulSet yet"
					}
				}
				return ""
			})
			if !paused {
				change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused, spec.Replicas = false, ptr.To[int32](1) })
				waitReady(t, cluster)
				eventually(t, func() string {
					for name, pvc := range pvcs(t, cluster) {
						if len(pvc.OwnerReferences) > 0 {
							return name + " still goes with the StatefulSet"
						}
					}
					return ""
				})
				require.Equal(t, before["db-0"], identities(t, cluster)["db-0"], "nothing restarts for it")
				requireIdle(t, cluster)
			}
			remove(t, cluster)
			requirePVCs(t, cluster, "data-db-0", "data-db-1", "data-db-2")
		})
	}
}

// A deletion that cannot delete what the spec says waits, and says so.
func TestADeletionWaitsForItsVolumes(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `storage: {retention: {whenDeleted: Delete}}`)
	waitReady(t, cluster)
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	policy.Spec.MatchConstraints = &admissionregistrationv1.MatchResources{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": namespace}},
		ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
			Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Delete},
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"persistentvolumeclaims"}},
		}}},
	}
	policy.Spec.Validations = []admissionregistrationv1.Validation{{Expression: "false", Message: "claims stay"}}
	require.NoError(t, admin.Create(t.Context(), policy))
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	binding.Spec.PolicyName = namespace
	binding.Spec.ValidationActions = []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny}
	require.NoError(t, admin.Create(t.Context(), binding))
	unbind := func() { _ = client.IgnoreNotFound(admin.Delete(context.Background(), binding)) }
	t.Cleanup(func() {
		unbind()
		_ = admin.Delete(context.Background(), policy)
	})
	eventually(t, func() string {
		if err := admin.Delete(t.Context(), ptr.To(pvcs(t, cluster)["data-db-0"]), client.DryRunAll); err == nil {
			return "the policy is not in effect yet"
		}
		return ""
	})

	require.NoError(t, admin.Delete(t.Context(), cluster.DeepCopy()))
	message := waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDeletionWaits).Message
	require.Contains(t, message, "deleting PVC data-db-0, as spec.storage.retention.whenDeleted says: ")
	require.Contains(t, message, "claims stay")
	waitEvent(t, cluster, "Warning DeletionWaits: ")
	unbind()
	waitRemoved(t, cluster)
	requirePVCs(t, cluster)
}

// whenScaled is about pods that go while it says Delete. What was kept before stays, and so does what a database wakes on.
func TestVolumesThatWereKeptBeforeAreNotDeletedByALaterWhenScaled(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `replicas: 3`)
	waitReady(t, cluster)
	scale := func(replicas int32) {
		t.Helper()
		change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To(replicas) })
		reason := v1alpha1.ReasonReady
		if replicas == 0 {
			reason = v1alpha1.ReasonHibernated
		}
		waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, reason)
	}
	scale(2)
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Storage.Retention.WhenScaled = v1alpha1.RetentionDelete })
	waitReady(t, cluster)
	requirePVCs(t, cluster, "data-db-0", "data-db-1", "data-db-2")

	scale(0)
	eventually(t, func() string {
		if pvcs(t, cluster)["data-db-1"].Annotations["barq.db/when-scaled"] != "" {
			return "the PVC would go with its pod"
		}
		return ""
	})
	scale(1)
	requirePVCs(t, cluster, "data-db-0", "data-db-1", "data-db-2")

	scale(2)
	scale(1)
	waitEvent(t, cluster, "Normal VolumeDeleted: PVC data-db-1 is deleted with its volume, because replicas is 1 and spec.storage.retention.whenScaled is Delete")
	requirePVCs(t, cluster, "data-db-0", "data-db-2")

	// In the same edit.
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.Replicas, spec.Storage.Retention.WhenScaled = ptr.To[int32](2), v1alpha1.RetentionRetain
	})
	waitReady(t, cluster)
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.Replicas, spec.Storage.Retention.WhenScaled = ptr.To[int32](1), v1alpha1.RetentionDelete
	})
	waitReady(t, cluster)
	requirePVCs(t, cluster, "data-db-0", "data-db-2")
}
