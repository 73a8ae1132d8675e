package adoption

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/clusters"
)

func TestCheckAnnotations(t *testing.T) {
	for name, test := range map[string]struct {
		annotations map[string]string
		want        string
	}{
		"none":         {},
		"others":       {annotations: map[string]string{"example.com/team": "search"}},
		"both in use":  {annotations: map[string]string{"barq.db/adopt-release": "vectors", "barq.db/on-deletion": "keep-release"}},
		"another name": {annotations: map[string]string{"barq.db/adopt-release": "words"}, want: `annotation barq.db/adopt-release: "words" is not the name of this BarqCluster. Only a release of the same name can be taken over; write "vectors", or remove the annotation`},
		"no name":      {annotations: map[string]string{"barq.db/adopt-release": ""}, want: `annotation barq.db/adopt-release: "" is not the name of this BarqCluster. Only a release of the same name can be taken over; write "vectors", or remove the annotation`},
		"misspelt":     {annotations: map[string]string{"barq.db/on-deletion": "Keep"}, want: `annotation barq.db/on-deletion: "Keep" is unknown; write "keep-release" to leave the database to Helm, or remove the annotation to have it uninstalled`},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := clusters.Object()
			cluster.SetName("vectors")
			cluster.SetAnnotations(test.annotations)
			err := CheckAnnotations(cluster)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, test.want)
		})
	}
}
