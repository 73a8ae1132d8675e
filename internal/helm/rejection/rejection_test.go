package rejection

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/barq-db/barq-operator/internal/helm/records"
)

func TestWhatIsARefusal(t *testing.T) {
	invalid := apierrors.NewInvalid(schema.GroupKind{Group: "apps", Kind: "StatefulSet"}, "db",
		field.ErrorList{field.Required(field.NewPath("spec"), "")})
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"invalid":           {fmt.Errorf("failed to create resource: %w", invalid), true},
		"one of several":    {fmt.Errorf("repairing: %w", errors.Join(apierrors.NewConflict(schema.GroupResource{Resource: "pods"}, "db", errors.New("changed")), invalid)), true},
		"one that Helm had": {multierror.Append(errors.New("connection refused"), fmt.Errorf("failed to create resource: %w", invalid)), true},
		"a quota":           {apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "db", errors.New("exceeded quota")), true},
		"a webhook":         {apierrors.NewBadRequest("admission webhook denied the request"), true},
		"a spec too large":  {fmt.Errorf("%w: 2 MiB", records.ErrTooLongSpec), true},
		"another writer":    {apierrors.NewConflict(schema.GroupResource{Resource: "pods"}, "db", errors.New("changed")), false},
		"an overload":       {apierrors.NewTooManyRequests("later", 1), false},
		"a webhook is away": {apierrors.NewInternalError(errors.New("failed calling webhook")), false},
		"network":           {errors.New("connection refused"), false},
		"nothing":           {nil, false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, Is(test.err)) })
	}
}
