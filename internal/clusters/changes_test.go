package clusters_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/internal/clusters"
)

func TestConcerns(t *testing.T) {
	const before = `
metadata: {name: db, resourceVersion: "1", generation: 1, labels: {team: search}, managedFields: [{manager: one}]}
status:
  operator: barq/one
  phase: Progressing
  deployedRelease: {name: db}
  storage: {capacity: 1Gi}
  conditions:
  - {type: Ready, status: "False"}
  - {type: VolumesResized, status: "True"}
  - {type: Deployed, status: "True"}
`
	read := func(content, version string) *unstructured.Unstructured {
		cluster := &unstructured.Unstructured{}
		require.NoError(t, yaml.Unmarshal([]byte(content), &cluster.Object))
		cluster.SetResourceVersion(version)
		return cluster
	}
	for name, test := range map[string]struct {
		from, to string
		want     bool
	}{
		"nothing":                       {"", "", false},
		"who wrote it":                  {"manager: one", "manager: two", false},
		"the phase":                     {"phase: Progressing", "phase: Ready", false},
		"a condition of another part":   {`{type: Ready, status: "False"}`, `{type: Ready, status: "True"}`, false},
		"a field of another part":       {"deployedRelease: {name: db}", "deployedRelease: {name: other}", false},
		"the order of the conditions":   {`  - {type: Ready, status: "False"}` + "\n", "", false},
		"a field of the part":           {"capacity: 1Gi", "capacity: 2Gi", true},
		"a condition of the part":       {`{type: VolumesResized, status: "True"}`, `{type: VolumesResized, status: "False"}`, true},
		"the part has a condition less": {`  - {type: VolumesResized, status: "True"}` + "\n", "", true},
		"the operator":                  {"operator: barq/one", "operator: barq/two", true},
		"the spec":                      {"generation: 1", "generation: 2", true},
		"a label":                       {"team: search", "team: shop", true},
		"the deletion":                  {"name: db,", `name: db, deletionTimestamp: "2026-01-02T03:04:05Z",`, true},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, before, test.from)
			changed := event.UpdateEvent{ObjectOld: read(before, "1"), ObjectNew: read(strings.Replace(before, test.from, test.to, 1), "2")}
			require.Equal(t, test.want, clusters.Concerns(clusters.VolumesPart).Update(changed))
		})
	}
	resync := event.UpdateEvent{ObjectOld: read(before, "1"), ObjectNew: read(before, "1")}
	require.True(t, clusters.Concerns(clusters.VolumesPart).Update(resync), "an informer sends every object again from time to time")
}
