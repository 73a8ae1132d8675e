package admission_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/test/admission"
)

func TestOnlyFieldsInKubernetesWordsMayBeRefusedLate(t *testing.T) {
	refuse := func(fields ...string) error {
		var causes []metav1.StatusCause
		for _, field := range fields {
			causes = append(causes, metav1.StatusCause{Field: field, Message: "is wrong"})
		}
		return &apierrors.StatusError{ErrStatus: metav1.Status{Reason: metav1.StatusReasonInvalid, Details: &metav1.StatusDetails{Causes: causes}}}
	}
	require.Empty(t, admission.BeyondHandedOn(nil))
	require.Empty(t, admission.BeyondHandedOn(refuse("spec.template.spec.tolerations[0].operator", "spec.ingress[0].from[3].ipBlock.cidr")))
	require.Equal(t, []string{"metadata.name: is wrong"}, admission.BeyondHandedOn(refuse("spec.template.spec.affinity.nodeAffinity", "metadata.name")))
	require.Equal(t, []string{"decoding failed"}, admission.BeyondHandedOn(errors.New("decoding failed")))
}
