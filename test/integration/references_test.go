package integration

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// An account that leaves the release while the spec goes on to name it stays, without an owner, so that pods can be made. The release can
// have it again, and a deletion of the BarqCluster leaves it.
func TestAnAccountThatTheSpecStillNames(t *testing.T) {
	t.Parallel()
	for name, account := range map[string]string{"its own": "db", "another name": "search"} {
		t.Run(name, func(t *testing.T) {
			namespace := newNamespace(t)
			spec := `{}`
			if account != "db" {
				spec = fmt.Sprintf(`serviceAccount: {name: %s}`, account)
			}
			cluster := newCluster(t, namespace, "db", spec)
			waitReady(t, cluster)
			runs := identities(t, cluster)
			made := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: account}}
			refresh(t, made)
			uid := made.UID
			owners := func(want int) {
				t.Helper()
				eventually(t, func() string {
					refresh(t, made)
					if len(made.OwnerReferences) != want {
						return fmt.Sprint(made.OwnerReferences)
					}
					return ""
				})
				require.Equal(t, uid, made.UID)
			}
			owners(1)

			for range 2 {
				change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
					spec.ServiceAccount = v1alpha1.ServiceAccountSpec{Create: ptr.To(false), Name: account}
				})
				waitReady(t, cluster)
				owners(0)
				require.Equal(t, runs, identities(t, cluster), "the pods run as the same account")

				change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
					spec.ServiceAccount = v1alpha1.ServiceAccountSpec{Create: ptr.To(true), Name: account}
				})
				waitReady(t, cluster)
				owners(1)
			}
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.ServiceAccount.Create = ptr.To(false) })
			waitReady(t, cluster)
			owners(0)
			require.NoError(t, admin.Delete(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "db-0"}}))
			eventually(t, func() string {
				for name, uid := range identities(t, cluster) {
					if uid != runs[name] {
						return ""
					}
				}
				return "no pod was made"
			})
			waitReady(t, cluster)

			require.NoError(t, admin.Delete(t.Context(), cluster))
			gone(t, cluster)
			owners(0)
		})
	}
}

// What the spec names for the pods and is not there is said, and holds a change back as a missing Secret does. It goes on by itself.
func TestNamesThatDoNotExist(t *testing.T) {
	class := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "not-there-yet"}, Value: 1000}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "not-there-yet"}}
	t.Cleanup(func() { _ = admin.Delete(context.Background(), class.DeepCopy()) })
	const (
		noAccount = `ServiceAccount "not-there-yet", which spec.serviceAccount.name names, does not exist; create it, or remove create: false`
		noClass   = `PriorityClass "not-there-yet", which spec.priorityClassName names, does not exist; create it, or name one that does`
		held      = `; until then the operator applies no change and leaves running pods alone`
	)
	withAccount := func(spec *v1alpha1.BarqClusterSpec) {
		spec.ServiceAccount = v1alpha1.ServiceAccountSpec{Create: ptr.To(false), Name: "not-there-yet"}
	}
	withClass := func(spec *v1alpha1.BarqClusterSpec) { spec.PriorityClassName = "not-there-yet" }
	for name, test := range map[string]struct {
		edit  func(*v1alpha1.BarqClusterSpec)
		makes func(t *testing.T, namespace string)
		want  string
	}{
		"account": {withAccount, func(t *testing.T, namespace string) {
			made := account.DeepCopy()
			made.Namespace = namespace
			require.NoError(t, admin.Create(t.Context(), made))
		}, noAccount},
		"class": {withClass, func(t *testing.T, _ string) { require.NoError(t, admin.Create(t.Context(), class.DeepCopy())) }, noClass},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "class" && testing.Short() {
				t.Skip("waits a minute")
			}
			namespace := newNamespace(t)
			running := newCluster(t, namespace, "running", `{}`)
			waitReady(t, running)
			before, revisions := identities(t, running), len(releaseSecrets(t, namespace, "running"))
			fresh := clusterOf(t, namespace, "fresh", `{}`)
			test.edit(&fresh.Spec)
			require.NoError(t, admin.Create(t.Context(), fresh))
			change(t, running, test.edit)
			for cluster, phase := range map[*v1alpha1.BarqCluster]v1alpha1.Phase{running: v1alpha1.PhaseDegraded, fresh: v1alpha1.PhasePending} {
				condition := waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReferenceMissing)
				require.Equal(t, test.want+held, condition.Message)
				require.Equal(t, phase, cluster.Status.Phase)
				eventually(t, func() string {
					if got := events(t, cluster); !slices.Contains(got, "Warning ReferenceMissing: "+condition.Message) {
						return fmt.Sprintf("events: %q", got)
					}
					return ""
				})
			}
			require.Equal(t, before, identities(t, running))
			require.Len(t, releaseSecrets(t, namespace, "running"), revisions)
			require.Empty(t, releaseSecrets(t, namespace, "fresh"))

			test.makes(t, namespace)
			// The operator looks for a class after a minute.
			patient := suite()
			patient.Patience = 2 * patience
			for _, cluster := range []*v1alpha1.BarqCluster{running, fresh} {
				patient.WaitReady(t, cluster)
				template := statefulSet(t, cluster).Spec.Template.Spec
				require.Contains(t, []string{template.PriorityClassName, template.ServiceAccountName}, "not-there-yet")
			}
			requireIdle(t, running)
		})
	}
}
