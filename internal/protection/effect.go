package protection

import (
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// DefaultName is the name of the policy and of its binding in config/admission.
const DefaultName = "barq-operator-deletion-protection"

// Effect is the effect of spec.deletionProtection.
type Effect struct {
	// Reason is ReasonPolicyBound, ReasonPolicyMissing or ReasonPolicyUnknown of v1alpha1.
	Reason string
	// Message describes the effect to the user.
	Message string
}

// effectOf returns the effect of a policy and a binding with that name, each nil if it does not exist.
//
// It only checks for mistakes that make the policy useless altogether. An administrator who limits the
// policy or its binding to some namespaces does so on purpose.
func effectOf(name string, policy *admissionregistrationv1.ValidatingAdmissionPolicy, binding *admissionregistrationv1.ValidatingAdmissionPolicyBinding) Effect {
	problem := problemOf(name, policy, binding)
	if problem == "" {
		return Effect{v1alpha1.ReasonPolicyBound, fmt.Sprintf("the API server refuses to delete the BarqCluster (ValidatingAdmissionPolicy %s)", name)}
	}
	return Effect{v1alpha1.ReasonPolicyMissing, fmt.Sprintf("spec.deletionProtection has no effect: %s; "+
		"an administrator installs it with the operator's chart (deletionProtection.enabled=true) or with: kubectl apply -k config/admission", problem)}
}

// problemOf says why the policy refuses nothing; empty if it refuses deletions.
func problemOf(name string, policy *admissionregistrationv1.ValidatingAdmissionPolicy, binding *admissionregistrationv1.ValidatingAdmissionPolicyBinding) string {
	switch {
	case policy == nil:
		return fmt.Sprintf("there is no ValidatingAdmissionPolicy %s", name)
	case !refusesDeletions(&policy.Spec):
		return fmt.Sprintf("the ValidatingAdmissionPolicy %s does not refuse the deletion of barqclusters.%s for spec.deletionProtection",
			name, v1alpha1.GroupVersion.Group)
	case binding == nil:
		return fmt.Sprintf("there is no ValidatingAdmissionPolicyBinding %s", name)
	case binding.Spec.PolicyName != name:
		return fmt.Sprintf("the ValidatingAdmissionPolicyBinding %s binds the policy %s, not %s", name, binding.Spec.PolicyName, name)
	case !slices.Contains(binding.Spec.ValidationActions, admissionregistrationv1.Deny):
		return fmt.Sprintf("the ValidatingAdmissionPolicyBinding %s has no action Deny", name)
	default:
		return ""
	}
}

// refusesDeletions reports whether a policy checks deletions of BarqClusters, and the field.
func refusesDeletions(policy *admissionregistrationv1.ValidatingAdmissionPolicySpec) bool {
	return policy.MatchConstraints != nil &&
		slices.ContainsFunc(policy.MatchConstraints.ResourceRules, func(rule admissionregistrationv1.NamedRuleWithOperations) bool {
			return has(rule.APIGroups, v1alpha1.GroupVersion.Group) && has(rule.Resources, "barqclusters") &&
				has(rule.Operations, admissionregistrationv1.Delete)
		}) &&
		slices.ContainsFunc(policy.Validations, func(validation admissionregistrationv1.Validation) bool {
			return strings.Contains(validation.Expression, "deletionProtection")
		})
}

// has reports whether one of the entries of a rule is the wanted one, or stands for all.
func has[T ~string](entries []T, wanted T) bool {
	return slices.Contains(entries, wanted) || slices.Contains(entries, "*")
}
