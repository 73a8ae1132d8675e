package release

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/yaml"
)

func TestWhichChangesOfABarqClusterConcernTheHelmSide(t *testing.T) {
	const before = `
metadata: {name: db, resourceVersion: "1", generation: 1, labels: {team: search}, finalizers: [uninstall-helm-release]}
spec: {replicas: 1}
status:
  operator: barq/one
  phase: Progressing
  deployedRelease: {name: db}
  conditions:
  - {type: Ready, status: "False"}
  - {type: Deployed, status: "True", observedGeneration: 1}
`
	read := func(content string) *unstructured.Unstructured {
		content = strings.ReplaceAll(content, `resourceVersion: "1"`, `resourceVersion: "2"`)
		converted, err := yaml.YAMLToJSON([]byte(content))
		require.NoError(t, err)
		cluster := &unstructured.Unstructured{}
		require.NoError(t, utiljson.Unmarshal(converted, &cluster.Object))
		return cluster
	}
	for name, test := range map[string]struct {
		from, to string
		concerns bool
	}{
		"nothing":                         {"", "", false},
		"the phase":                       {"phase: Progressing", "phase: Ready", false},
		"a condition of another":          {`{type: Ready, status: "False"}`, `{type: Ready, status: "True"}`, false},
		"another condition more":          {`  - {type: Ready, status: "False"}`, `  - {type: Stalled, status: "True"}` + "\n" + `  - {type: Ready, status: "False"}`, false},
		"data that is at risk":            {`{type: Ready, status: "False"}`, `{type: VolumesResized, status: "False", reason: DataAtRisk}`, true},
		"volumes that grow":               {`{type: Ready, status: "False"}`, `{type: VolumesResized, status: "False", reason: Resizing}`, false},
		"the spec":                        {"generation: 1,", "generation: 2,", true},
		"a label":                         {"team: search", "team: shop", true},
		"a new annotation":                {"labels:", "annotations: {a: b}, labels:", true},
		"the finalizer":                   {", finalizers: [uninstall-helm-release]", "", true},
		"the deletion":                    {"name: db,", `name: db, deletionTimestamp: "2026-01-02T03:04:05Z",`, true},
		"another of the same name":        {"name: db,", "name: db, uid: other,", true},
		"the operator":                    {"operator: barq/one", "operator: barq/two", true},
		"the release":                     {"deployedRelease: {name: db}", "deployedRelease: {name: other}", true},
		"the release is not named":        {"  deployedRelease: {name: db}\n", "", true},
		"a condition of its own":          {`{type: Deployed, status: "True"`, `{type: Deployed, status: "False"`, true},
		"a condition of its own is wiped": {`  - {type: Deployed, status: "True", observedGeneration: 1}` + "\n", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			old := read(before)
			old.SetResourceVersion("1")
			if test.from != "" {
				require.Contains(t, before, test.from)
			}
			after := read(strings.Replace(before, test.from, test.to, 1))
			require.Equal(t, test.concerns, concerns().Update(event.TypedUpdateEvent[*unstructured.Unstructured]{ObjectOld: old, ObjectNew: after}))
		})
	}

	// The informer gives everything again from time to time.
	same := read(before)
	require.True(t, concerns().Update(event.TypedUpdateEvent[*unstructured.Unstructured]{ObjectOld: same, ObjectNew: same}))
}
