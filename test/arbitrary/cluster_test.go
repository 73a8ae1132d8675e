package arbitrary_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/admission"
	"github.com/barq-db/barq-operator/test/arbitrary"
)

func bytes(seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 0))
	data := make([]byte, 100)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}

func TestClusterIsAFunctionOfTheBytes(t *testing.T) {
	definition, err := admission.Load("../../config/crd/bases/barq.db_barqclusters.yaml")
	require.NoError(t, err)
	require.Equal(t, arbitrary.WithSpec("db", map[string]any{}), arbitrary.Cluster(definition.Schema(), nil))
	first := arbitrary.Cluster(definition.Schema(), bytes(1))
	require.Equal(t, first, arbitrary.Cluster(definition.Schema(), bytes(1)))
	require.NotEqual(t, first, arbitrary.Cluster(definition.Schema(), bytes(2)))
}

// If hardly any were admitted, fuzzing would try the CustomResourceDefinition only; if no field
// were reached, nothing.
func TestManyAreAdmittedAndEveryFieldIsReached(t *testing.T) {
	definition, err := admission.Load("../../config/crd/bases/barq.db_barqclusters.yaml")
	require.NoError(t, err)
	const tried = 1000
	admitted, reached := 0, map[string]bool{}
	for seed := range uint64(tried) {
		cluster := arbitrary.Cluster(definition.Schema(), bytes(seed))
		written := cluster.DeepCopy().Object["spec"].(map[string]any)
		if len(definition.Create(cluster)) > 0 {
			continue
		}
		admitted++
		for field := range written {
			reached[field] = true
		}
	}
	require.Greater(t, admitted, tried/5)
	for field := range definition.Schema().Properties["spec"].Properties {
		require.True(t, reached[field], "spec.%s is in no BarqCluster that is admitted", field)
	}
}
