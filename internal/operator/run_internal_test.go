package operator

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/barq-db/barq-operator/internal/controller/backupstore"
)

// without is a manager of an API server that knows no kind, and fails if anything else is asked of it.
type without struct{ ctrl.Manager }

func (without) GetRESTMapper() meta.RESTMapper { return meta.NewDefaultRESTMapper(nil) }

// An operator that comes before the CRD of BarqBackupStores looks after databases.
func TestWithoutTheKindOfStores(t *testing.T) {
	require.NoError(t, addBackupStores(t.Context(), without{}, &backupstore.Reconciler{}, 1, nil))
}
