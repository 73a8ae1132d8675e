package status_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/randfill"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/status"
)

// With a field of another controller the status controller would never find the stored status as it computes it, and would
// write it at each reconcile. Without one of its own it would write too little.
func TestOwnHasTheFieldsOfTheStatusController(t *testing.T) {
	stored := &v1alpha1.BarqClusterStatus{}
	randfill.NewWithSeed(1).NilChance(0).NumElements(1, 1).Fill(stored)
	stored.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady}, {Type: v1alpha1.ConditionAgentReachable}}
	before := stored.DeepCopy()
	own := status.Own(stored)
	require.Equal(t, before, stored)

	all, err := runtime.DefaultUnstructuredConverter.ToUnstructured(stored)
	require.NoError(t, err)
	found, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&own)
	require.NoError(t, err)
	want := map[string]any{"conditions": []any{all["conditions"].([]any)[0]}}
	for _, name := range clusters.StatusPart.Fields {
		want[name] = all[name]
	}
	require.Equal(t, want, found)
}
