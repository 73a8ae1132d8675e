package protection

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// installed reads what config/admission installs.
func installed(t *testing.T) (*admissionregistrationv1.ValidatingAdmissionPolicy, *admissionregistrationv1.ValidatingAdmissionPolicyBinding) {
	t.Helper()
	content, err := os.ReadFile("../../config/admission/deletion_protection.yaml")
	require.NoError(t, err)
	documents := strings.Split(string(content), "\n---\n")
	require.Len(t, documents, 2)
	policy, binding := &admissionregistrationv1.ValidatingAdmissionPolicy{}, &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}
	require.NoError(t, yaml.UnmarshalStrict([]byte(documents[0]), policy))
	require.NoError(t, yaml.UnmarshalStrict([]byte(documents[1]), binding))
	return policy, binding
}

type (
	policySpec  = admissionregistrationv1.ValidatingAdmissionPolicySpec
	bindingSpec = admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec
)

func TestEffect(t *testing.T) {
	policy, binding := installed(t)
	require.Equal(t, Effect{"PolicyBound", "the API server refuses to delete the BarqCluster (ValidatingAdmissionPolicy barq-operator-deletion-protection)"},
		effectOf(DefaultName, policy, binding))
	require.Equal(t, Effect{"PolicyMissing", "spec.deletionProtection has no effect: there is no ValidatingAdmissionPolicy barq-operator-deletion-protection; " +
		"an administrator installs it with the operator's chart (deletionProtection.enabled=true) or with: kubectl apply -k config/admission"},
		effectOf(DefaultName, nil, nil))

	const useless = "the ValidatingAdmissionPolicy barq-operator-deletion-protection does not refuse the deletion of barqclusters.barq.db for spec.deletionProtection"
	for name, test := range map[string]struct {
		policy  func(*policySpec)
		binding func(*bindingSpec)
		want    string
	}{
		"all groups, resources and operations": {policy: func(spec *policySpec) {
			rule := &spec.MatchConstraints.ResourceRules[0]
			rule.APIGroups, rule.Resources = []string{"*"}, []string{"*"}
			rule.Operations = []admissionregistrationv1.OperationType{admissionregistrationv1.OperationAll}
		}},
		"nothing matches": {policy: func(spec *policySpec) { spec.MatchConstraints = nil }, want: useless},
		"another group":   {policy: func(spec *policySpec) { spec.MatchConstraints.ResourceRules[0].APIGroups = []string{"apps"} }, want: useless},
		"another kind": {policy: func(spec *policySpec) {
			spec.MatchConstraints.ResourceRules[0].Resources = []string{"statefulsets"}
		}, want: useless},
		"another operation": {policy: func(spec *policySpec) {
			spec.MatchConstraints.ResourceRules[0].Operations = []admissionregistrationv1.OperationType{admissionregistrationv1.Update}
		}, want: useless},
		"nothing is validated": {policy: func(spec *policySpec) { spec.Validations = nil }, want: useless},
		"another field is":     {policy: func(spec *policySpec) { spec.Validations[0].Expression = "true" }, want: useless},
		"another policy is bound": {
			binding: func(spec *bindingSpec) { spec.PolicyName = "other" },
			want:    "the ValidatingAdmissionPolicyBinding barq-operator-deletion-protection binds the policy other, not barq-operator-deletion-protection",
		},
		"it is only warned": {
			binding: func(spec *bindingSpec) {
				spec.ValidationActions = []admissionregistrationv1.ValidationAction{admissionregistrationv1.Warn, admissionregistrationv1.Audit}
			},
			want: "the ValidatingAdmissionPolicyBinding barq-operator-deletion-protection has no action Deny",
		},
	} {
		t.Run(name, func(t *testing.T) {
			policy, binding := policy.DeepCopy(), binding.DeepCopy()
			if test.policy != nil {
				test.policy(&policy.Spec)
			}
			if test.binding != nil {
				test.binding(&binding.Spec)
			}
			require.Equal(t, test.want, problemOf(DefaultName, policy, binding))
		})
	}
	require.Equal(t, "there is no ValidatingAdmissionPolicyBinding barq-operator-deletion-protection", problemOf(DefaultName, policy, nil))
	require.Equal(t, v1alpha1.ReasonPolicyMissing, effectOf("other", nil, binding).Reason)
}
