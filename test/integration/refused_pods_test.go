package integration

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// asksFor makes the pods ask for so many CPUs.
func asksFor(cpus string) func(*v1alpha1.BarqClusterSpec) {
	return func(spec *v1alpha1.BarqClusterSpec) {
		spec.Resources = &corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpus)}}
	}
}

// newQuota limits what the pods of a namespace may use, and waits until it has counted what they use.
func newQuota(t *testing.T, namespace string, hard corev1.ResourceList) *corev1.ResourceQuota {
	t.Helper()
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "few"}}
	quota.Spec.Hard = hard
	require.NoError(t, admin.Create(t.Context(), quota))
	eventually(t, func() string {
		refresh(t, quota)
		if len(quota.Status.Used) < len(hard) {
			return "the quota is not in force yet"
		}
		return ""
	})
	return quota
}

// refuseSmall makes the API server refuse the pods of a namespace that ask for less than a tenth of a CPU.
func refuseSmall(t *testing.T, namespace string) *corev1.LimitRange {
	t.Helper()
	limits := &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "small"}}
	limits.Spec.Limits = []corev1.LimitRangeItem{{Type: corev1.LimitTypePod, Min: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")}}}
	require.NoError(t, admin.Create(t.Context(), limits))
	return limits
}

// refuseNote makes the API server refuse the pods of a namespace that have the annotation note: no.
func refuseNote(t *testing.T, namespace string) {
	t.Helper()
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	policy.Spec.MatchConstraints = &admissionregistrationv1.MatchResources{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
		ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
			Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
		}}},
	}
	policy.Spec.Validations = []admissionregistrationv1.Validation{{
		Expression: `!has(object.metadata.annotations) || !("note" in object.metadata.annotations) || object.metadata.annotations["note"] != "no"`,
		Message:    "such a note is not allowed",
	}}
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	binding.Spec.PolicyName = namespace
	binding.Spec.ValidationActions = []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny}
	for _, object := range []client.Object{policy, binding} {
		require.NoError(t, admin.Create(t.Context(), object))
		t.Cleanup(func() { _ = admin.Delete(t.Context(), object) })
	}
	eventually(t, func() string {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "try", Annotations: map[string]string{"note": "no"}}}
		pod.Spec.Containers = []corev1.Container{{Name: "c", Image: "i"}}
		if err := admin.Create(t.Context(), pod, client.DryRunAll); err != nil && strings.Contains(err.Error(), "such a note is not allowed") {
			return ""
		}
		return "the policy is not in force yet"
	})
}

// What the API server would refuse in a pod is found before a running pod is taken away, and taken back without a restart.
func TestAPodThatWouldBeRefusedTakesNoneAway(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(t *testing.T, namespace string)
		spec    string
		edit    func(*v1alpha1.BarqClusterSpec)
		// why is in the words of Kubernetes, without the namespace.
		why string
	}{
		"limit range": {
			prepare: func(t *testing.T, namespace string) { refuseSmall(t, namespace) },
			edit:    asksFor("50m"), why: "minimum cpu usage per Pod is 100m, but request is 50m",
		},
		"quota": {
			prepare: func(t *testing.T, namespace string) {
				newQuota(t, namespace, corev1.ResourceList{corev1.ResourceRequestsCPU: resource.MustParse("1")})
			},
			edit: asksFor("2"), why: `quota "few" allows 1 of requests.cpu, of which 500m is used, and the pods would use 1500m more than now`,
		},
		"quota of all pods": {
			prepare: func(t *testing.T, namespace string) {
				newQuota(t, namespace, corev1.ResourceList{corev1.ResourceRequestsCPU: resource.MustParse("2")})
			},
			spec: `{replicas: 3}`, edit: asksFor("750m"),
			why: `quota "few" allows 2 of requests.cpu, of which 1500m is used, and the pods would use 750m more than now`,
		},
		"policy": {
			prepare: refuseNote,
			edit:    func(spec *v1alpha1.BarqClusterSpec) { spec.PodAnnotations = map[string]string{"note": "no"} },
			why:     "such a note is not allowed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := newNamespace(t)
			if test.prepare != nil {
				test.prepare(t, namespace)
			}
			db := newCluster(t, namespace, "db", cmp.Or(test.spec, `{}`))
			waitReady(t, db)
			before, revision := identities(t, db), newestRevision(t, namespace, "db")
			good := db.Spec.DeepCopy()
			change(t, db, test.edit)
			condition := waitFor(t, db, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)
			require.Contains(t, condition.Message, `the API server would refuse pod "db-`)
			require.Contains(t, condition.Message, test.why)
			require.Equal(t, v1alpha1.PhaseDegraded, db.Status.Phase, "the pods still answer")
			require.Equal(t, before, identities(t, db))
			require.Equal(t, revision, newestRevision(t, namespace, "db"), "nothing is stored")

			change(t, db, func(spec *v1alpha1.BarqClusterSpec) { *spec = *good })
			waitReady(t, db)
			require.Equal(t, before, identities(t, db), "taking a bad edit back restarts nothing")
		})
	}
}

// What would refuse a pod beside the one that runs need not refuse it in its place.
func TestAFullQuotaRefusesNoEdit(t *testing.T) {
	namespace := newNamespace(t)
	db := newCluster(t, namespace, "db", `{replicas: 2}`)
	waitReady(t, db)
	newQuota(t, namespace, corev1.ResourceList{corev1.ResourcePods: resource.MustParse("2"), corev1.ResourceRequestsCPU: resource.MustParse("1400m")})
	for i, edit := range []func(*v1alpha1.BarqClusterSpec){
		func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" },
		asksFor("700m"),
		asksFor("100m"),
	} {
		before := identities(t, db)
		change(t, db, edit)
		waitReady(t, db)
		require.NotEqual(t, before, identities(t, db), "edit %d", i)
	}
}

// An account that the same edit makes is not there when its pod is tried.
func TestAnAccountThatIsMadeWithThePods(t *testing.T) {
	namespace := newNamespace(t)
	db := newCluster(t, namespace, "db", `{}`)
	waitReady(t, db)
	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.ServiceAccount.Name = "another" })
	waitReady(t, db)
	require.Equal(t, "another", pods(t, db)[0].Spec.ServiceAccountName)
}

// An edit that was refused is made once nothing is in its way any more.
func TestAPodThatIsNotRefusedAnyMore(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	limits := refuseSmall(t, namespace)
	db := newCluster(t, namespace, "db", `{}`)
	waitReady(t, db)
	change(t, db, asksFor("50m"))
	waitFor(t, db, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonReleaseFailed)
	require.NoError(t, admin.Delete(t.Context(), limits))
	// The next try is after a minute.
	patient := suite()
	patient.Patience = 2 * patience
	patient.WaitReady(t, db)
	require.Equal(t, "50m", pods(t, db)[0].Spec.Containers[0].Resources.Requests.Cpu().String())
}

// The message of Ready tells of other pods only if there are any.
func TestARolloutGoesOnToOtherPodsOnly(t *testing.T) {
	namespace := newNamespace(t)
	db := newCluster(t, namespace, "db", `{}`)
	waitReady(t, db)
	change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.Image = brokenImage })
	eventually(t, func() string {
		refresh(t, db)
		ready := meta.FindStatusCondition(db.Status.Conditions, v1alpha1.ConditionReady)
		if ready.Reason == v1alpha1.ReasonPodsNotReady && strings.Contains(ready.Message, "ImagePullBackOff") {
			require.NotContains(t, ready.Message, "goes on to")
			return ""
		}
		return fmt.Sprintf("Ready: %+v", ready)
	})
}
