package release

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
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
			require.Equal(t, test.concerns, concerns(&releasestatus.Written{}).Update(event.TypedUpdateEvent[*unstructured.Unstructured]{ObjectOld: old, ObjectNew: after}))
		})
	}

	// The informer sends every object again from time to time.
	same := read(before)
	require.True(t, concerns(&releasestatus.Written{}).Update(event.TypedUpdateEvent[*unstructured.Unstructured]{ObjectOld: same, ObjectNew: same}))
}

// A failure may have another text in each reconcile, such as the number of a request. Writing it to the status starts
// no reconcile.
func TestAFailureStartsNoPass(t *testing.T) {
	cluster := func(version, status, message string) *unstructured.Unstructured {
		made := clusters.Object()
		made.SetNamespace("team")
		made.SetName("vectors")
		made.SetUID("a")
		made.SetResourceVersion(version)
		made.Object["status"] = map[string]any{"operator": "barq/one", "conditions": []any{
			map[string]any{"type": "Irreconcilable", "status": status, "message": message},
		}}
		return made
	}
	own := &releasestatus.Written{}
	write := func(cluster *unstructured.Unstructured) {
		status, err := releasestatus.Of(cluster)
		require.NoError(t, err)
		for i := range status.Conditions {
			status.Conditions[i].LastTransitionTime = metav1.Now()
		}
		own.Expect(cluster, status)
	}
	starts := func(before, after *unstructured.Unstructured) bool {
		return concerns(own).Update(event.TypedUpdateEvent[*unstructured.Unstructured]{ObjectOld: before, ObjectNew: after})
	}
	before, after := cluster("1", "True", "request 1"), cluster("2", "True", "request 2")
	require.True(t, starts(before, after), "it may be another's")
	write(after)
	require.False(t, starts(before, after))

	edited := after.DeepCopy()
	edited.SetGeneration(2)
	require.True(t, starts(before, edited), "the spec has changed too")
	claimed := after.DeepCopy()
	claimed.Object["status"].(map[string]any)["operator"] = "barq/two"
	require.True(t, starts(before, claimed), "the operator has changed too")
	require.True(t, starts(after, cluster("3", "True", "of another")), "another has written it since")
	other := after.DeepCopy()
	other.SetUID("b")
	require.True(t, starts(before, other))

	over := cluster("4", "False", "")
	write(over)
	require.True(t, starts(after, over))
	write(after)
	own.Forget(types.NamespacedName{Namespace: "team", Name: "vectors"})
	require.True(t, starts(before, after), "nothing is kept of one that goes")
}
