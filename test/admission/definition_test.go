package admission_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/barq-db/barq-operator/test/admission"
	"github.com/barq-db/barq-operator/test/arbitrary"
)

// loaded is read once, because its rules take a second to compile.
var loaded = sync.OnceValues(func() (*admission.Definition, error) {
	return admission.Load("../../config/crd/bases/barq.db_barqclusters.yaml")
})

func load(t *testing.T) *admission.Definition {
	t.Helper()
	definition, err := loaded()
	require.NoError(t, err)
	return definition
}

// The same is asked of a real API server in test/integration.
func TestCreateFillsInDefaultsAndDropsWhatIsUnknown(t *testing.T) {
	cluster := arbitrary.WithSpec("db", map[string]any{"unknown": true, "storage": map[string]any{"size": int64(5)}})
	cluster.Object["status"] = map[string]any{"phase": "Ready"}
	require.Empty(t, load(t).Create(cluster))
	require.Equal(t, map[string]any{
		"accessMode": "ReadWriteOnce", "size": int64(5),
		"retention": map[string]any{"whenDeleted": "Retain", "whenScaled": "Retain"},
	}, cluster.Object["spec"].(map[string]any)["storage"])
	require.NotContains(t, cluster.Object["spec"], "unknown")
	require.NotContains(t, cluster.Object, "status")
}

func TestCreateRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		name string
		spec any
		want *field.Error
	}{
		"a type":  {"db", "text", &field.Error{Type: field.ErrorTypeTypeInvalid, Field: "spec"}},
		"a bound": {"db", map[string]any{"replicas": int64(101)}, &field.Error{Type: field.ErrorTypeInvalid, Field: "spec.replicas"}},
		"a rule":  {"db", map[string]any{"logLevel": "loud"}, &field.Error{Type: field.ErrorTypeInvalid, Field: "spec.logLevel"}},
		"a name":  {"Db", map[string]any{}, &field.Error{Type: field.ErrorTypeInvalid, Field: "metadata.name"}},
		"a list's key": {
			"db",
			map[string]any{"imagePullSecrets": []any{map[string]any{"name": "a"}, map[string]any{"name": "a"}}},
			&field.Error{Type: field.ErrorTypeDuplicate, Field: "spec.imagePullSecrets[1]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			errs := load(t).Create(arbitrary.WithSpec(test.name, test.spec))
			require.Len(t, errs, 1)
			require.Equal(t, test.want, &field.Error{Type: errs[0].Type, Field: errs[0].Field})
		})
	}
}
