package translate_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/translate"
	"github.com/barq-db/barq-operator/test/admission"
	"github.com/barq-db/barq-operator/test/arbitrary"
	"github.com/barq-db/barq-operator/test/chart/helmtemplate"
)

// surroundings are the specs in which the test changes one field at a time. Each field has an effect
// in at least one of them.
var surroundings = []string{
	`{}`,
	`
env: [{name: A, value: a}]
imagePullSecrets: [{name: a}]
monitoring: {podMonitor: {enabled: true}}
durability: {mode: Interval}
serviceAccount: {name: a}
tls: {secretName: a}
tiering:
  enabled: true
  warm: {provider: s3, bucket: a, credentialsSecretRef: {name: a}, region: a, endpoint: "https://a"}
  cold: {provider: azure, bucketSecretRef: {name: a, key: a}, credentialsSecretRef: {name: b}}
bootstrap: {recovery: {name: a}}`,
	`
env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
monitoring: {serviceMonitor: {enabled: true}}
tiering:
  enabled: true
  cold: {provider: s3, bucket: a, credentialsSecretRef: {name: a}, region: a, endpoint: "https://a"}
  warm: {provider: azure, bucketSecretRef: {name: a, key: a}, credentialsSecretRef: {name: b}}`,
	`tiering: {enabled: true, warm: {provider: azure, bucket: a, storageAccount: abc}, encryptionKeySecretRef: {name: a, key: a}}`,
	`tiering: {enabled: true, cold: {provider: azure, bucket: a, storageAccount: abc}}`,
}

const (
	// draws is how many values a field gets in each surrounding; the API server may refuse most of
	// them.
	draws = 64
	// tried is how many of the admitted values are rendered, as long as none changes the pods.
	tried = 3
)

// The marker of a field must say what the chart does with a change. Users set a field in vain if the
// translation or the chart drops it. A field that restarts pods without saying so surprises them.
func TestEveryFieldHasTheEffectOfItsMarker(t *testing.T) {
	probe := newProbe(t)
	for _, path := range leaves() {
		name := strings.Join(path, ".")
		t.Run(name, func(t *testing.T) {
			found := probe.change(t, path)
			require.NotZero(t, found.admitted, "the API server takes no value that the test has for spec.%s; "+
				"add one to test/arbitrary/words.go, or what the field needs beside it to the surroundings", name)
			says, ok := v1alpha1.EffectOf(name)
			require.True(t, ok, "spec.%s has no marker; run make generate", name)
			switch says {
			case v1alpha1.EffectRestart:
				require.True(t, found.template, "the marker of spec.%s says that a change restarts the pods; it does not change their template", name)
			case v1alpha1.EffectApply:
				require.False(t, found.template, "the marker of spec.%s says that the pods run on; a change of it changes their template", name)
				require.True(t, found.rest, "a change of spec.%s does not change the manifest; render it, or write +barq:effect=operator or none", name)
			default:
				require.False(t, found.template || found.rest, "the marker of spec.%s says that the chart has no value for it; a change of it changes the manifest", name)
			}
		})
	}
}

// leaves lists the paths of all fields of the spec.
func leaves() [][]string { return leavesOf(reflect.TypeFor[v1alpha1.BarqClusterSpec](), nil) }

// leavesOf lists the paths of the fields of a type that have no fields of this API below them. The
// element of a list is "0".
func leavesOf(kind reflect.Type, path []string) [][]string {
	switch {
	case kind.Kind() == reflect.Pointer:
		return leavesOf(kind.Elem(), path)
	case kind.Kind() == reflect.Slice && ofThisAPI(kind.Elem()):
		return leavesOf(kind.Elem(), append(path, "0"))
	case !ofThisAPI(kind):
		return [][]string{path}
	}
	var leaves [][]string
	for i := range kind.NumField() {
		name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
		leaves = append(leaves, leavesOf(kind.Field(i).Type, append(path[:len(path):len(path)], name))...)
	}
	return leaves
}

// ofThisAPI reports whether a type is a struct of this API.
func ofThisAPI(kind reflect.Type) bool {
	return kind.Kind() == reflect.Struct && kind.PkgPath() == reflect.TypeFor[v1alpha1.BarqCluster]().PkgPath()
}

// probe changes fields of specs and compares the outcomes.
type probe struct {
	definition *admission.Definition
	chart      *helmchart.Chart
	before     []outcome
}

// outcome is the rendered form of a spec.
type outcome struct {
	// spec has the defaults of the API server.
	spec map[string]any
	// template is the pod template; rest is everything else.
	template, rest string
}

// findings says what a change of a field changed.
type findings struct {
	admitted       int
	template, rest bool
}

func newProbe(t *testing.T) *probe {
	t.Helper()
	definition, err := admission.Load("../../config/crd/bases/barq.db_barqclusters.yaml")
	require.NoError(t, err)
	chart, err := loader.LoadDir("../../helm-charts/barq-db")
	require.NoError(t, err)
	made := &probe{definition: definition, chart: chart}
	for _, text := range surroundings {
		spec := map[string]any{}
		require.NoError(t, yaml.Unmarshal([]byte(text), &spec))
		before, admitted := made.render(t, spec)
		require.True(t, admitted, text)
		made.before = append(made.before, before)
	}
	return made
}

// change sets other values of a field in every surrounding.
func (p *probe) change(t *testing.T, path []string) findings {
	t.Helper()
	var found findings
	property := p.definition.Schema().Properties["spec"]
	for _, name := range path {
		property = inside(property, name)
	}
	for _, before := range p.before {
		rendered, seen := 0, map[string]bool{fmt.Sprint(before.spec): true}
		for seed := range uint64(draws) {
			if rendered == tried || found.template {
				break
			}
			spec, value := runtime.DeepCopyJSON(before.spec), drawn(path, &property, seed)
			if empty(value) || !set(spec, path, value) || seen[fmt.Sprint(spec)] {
				continue
			}
			seen[fmt.Sprint(spec)] = true
			after, admitted := p.render(t, spec)
			if !admitted || reflect.DeepEqual(after.spec, before.spec) {
				continue
			}
			rendered++
			found.template = found.template || after.template != before.template
			found.rest = found.rest || after.rest != before.rest
		}
		found.admitted += rendered
	}
	return found
}

// drawn returns a value for a field.
func drawn(path []string, property *schema.Structural, seed uint64) any {
	// The values are the same in each run.
	random := rand.New(rand.NewPCG(seed, 0))
	data := make([]byte, 256)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	name := path[len(path)-1]
	return arbitrary.Value(name, property, data)
}

// empty reports whether a value is a list or a map without elements, which mostly means the same as
// none.
func empty(value any) bool {
	kind := reflect.ValueOf(value).Kind()
	return (kind == reflect.Map || kind == reflect.Slice) && reflect.ValueOf(value).Len() == 0
}

// inside returns the schema of a field, or of the element of a list.
func inside(object schema.Structural, name string) schema.Structural {
	if name == "0" {
		return *object.Items
	}
	return object.Properties[name]
}

// set sets a value at a path, and reports false where a list on the way has no element.
func set(object map[string]any, path []string, value any) bool {
	for len(path) > 1 {
		name := path[0]
		path = path[1:]
		if path[0] == "0" {
			list, _ := object[name].([]any)
			if len(list) == 0 {
				return false
			}
			object = list[0].(map[string]any)
			path = path[1:]
			continue
		}
		inner, ok := object[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			object[name] = inner
		}
		object = inner
	}
	object[path[0]] = value
	return true
}

// render processes a spec as the API server, the operator and Helm do. It reports false for a spec
// that the API server refuses.
func (p *probe) render(t *testing.T, spec map[string]any) (outcome, bool) {
	t.Helper()
	object := arbitrary.WithSpec("db", runtime.DeepCopyJSON(spec))
	if len(p.definition.Create(object)) > 0 {
		return outcome{}, false
	}
	cluster, err := v1alpha1.FromUnstructured(object)
	require.NoError(t, err)
	values, err := translate.ToValues(cluster, translate.Facts{AgentImage: "barq-agent:1"})
	var unwritable *translate.CharacterError
	if err != nil {
		require.ErrorAs(t, err, &unwritable)
		return outcome{}, false
	}
	release, err := helmtemplate.Render(p.chart, "db", arbitrary.Namespace, values, "monitoring.coreos.com/v1/PodMonitor", "monitoring.coreos.com/v1/ServiceMonitor")
	require.NoError(t, err, "%v", object.Object["spec"])
	found := outcome{spec: object.Object["spec"].(map[string]any)}
	for _, manifest := range strings.Split(release.Manifest, "\n---\n") {
		content := map[string]any{}
		require.NoError(t, yaml.Unmarshal([]byte(manifest), &content))
		if content["kind"] == "StatefulSet" {
			inner := content["spec"].(map[string]any)
			found.template = fmt.Sprint(inner["template"])
			delete(inner, "template")
		}
		found.rest += fmt.Sprintln(content)
	}
	return found, true
}
