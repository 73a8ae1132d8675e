package manifest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestRefusal(t *testing.T) {
	invalid := apierrors.NewInvalid(schema.GroupKind{Group: "barq.db", Kind: "BarqCluster"}, "vectors", field.ErrorList{
		field.Invalid(field.NewPath("spec", "replicas"), 101, "should be less than or equal to 100"),
		field.Required(field.NewPath("spec", "tiering", "warm", "provider"), ""),
	})
	require.Equal(t, "spec.replicas: Invalid value: 101: should be less than or equal to 100\n"+
		"spec.tiering.warm.provider: Required value", Refusal(fmt.Errorf("apply: %w", invalid)))

	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "keys", errors.New("not for you"))
	require.Equal(t, `secrets "keys" is forbidden: not for you`, Refusal(forbidden))
	require.Equal(t, "connection refused", Refusal(errors.New("connection refused")))
}
