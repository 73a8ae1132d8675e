package fuzz_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/releaseutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/translate"
	"github.com/barq-db/barq-operator/test/admission"
	"github.com/barq-db/barq-operator/test/arbitrary"
	"github.com/barq-db/barq-operator/test/chart/helmtemplate"
	"github.com/barq-db/barq-operator/test/fuzz/builtin"
)

const root = "../.."

// podMonitors and serviceMonitors are the API of the Prometheus operator, as the chart asks for it.
const (
	podMonitors     = "monitoring.coreos.com/v1/PodMonitor"
	serviceMonitors = "monitoring.coreos.com/v1/ServiceMonitor"
)

// translation is all that a BarqCluster goes through until its objects are stored.
type translation struct {
	definition *admission.Definition
	chart      *helmchart.Chart
}

func newTranslation(tb testing.TB) *translation {
	tb.Helper()
	definition, err := admission.Load(filepath.Join(root, "config/crd/bases/barq.db_barqclusters.yaml"))
	require.NoError(tb, err)
	chart, err := loader.Load(filepath.Join(root, "helm-charts/barq-db"))
	require.NoError(tb, err)
	return &translation{definition: definition, chart: chart}
}

// FuzzTranslation makes BarqClusters that mostly could have been meant.
func FuzzTranslation(f *testing.F) {
	translation := newTranslation(f)
	for seed := range uint64(64) {
		random := rand.New(rand.NewPCG(seed, 0))
		data := make([]byte, 16+8*seed)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		translation.check(t, arbitrary.Cluster(translation.definition.Schema(), data))
	})
}

// FuzzTranslationOfJSON takes whatever may stand behind spec.
func FuzzTranslationOfJSON(f *testing.F) {
	translation := newTranslation(f)
	for _, spec := range specs(f) {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var spec any
		if utiljson.Unmarshal(text, &spec) != nil {
			return
		}
		translation.check(t, arbitrary.WithSpec("db", spec))
	})
}

// specs gives, as JSON, the specs of internal/translate, and those in testdata that once found something.
func specs(tb testing.TB) map[string][]byte {
	tb.Helper()
	found := map[string][]byte{}
	for _, pattern := range []string{filepath.Join(root, "internal/translate/testdata/*.input.yaml"), "testdata/specs/*.yaml"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(tb, err)
		for _, path := range paths {
			spec, err := arbitrary.ReadSpec(path)
			require.NoError(tb, err, path)
			if len(spec) == 0 {
				spec = json.RawMessage("{}")
			}
			found[filepath.Base(path)] = spec
		}
	}
	require.NotEmpty(tb, found)
	return found
}

// check fails if the CustomResourceDefinition admits the BarqCluster and anything after that goes wrong.
func (r *translation) check(t *testing.T, object *unstructured.Unstructured) {
	written, err := object.MarshalJSON()
	require.NoError(t, err)
	if len(r.definition.Create(object)) > 0 {
		return
	}
	cluster, err := v1alpha1.FromUnstructured(object)
	require.NoError(t, err, "%s", written)
	for _, agentImage := range []string{"", "barq-agent:1"} {
		r.render(t, cluster, translate.Facts{SecretsChecksum: "0123", AgentImage: agentImage}, written)
	}
}

// render fails if anything goes wrong between the BarqCluster and the objects that the API server stores.
func (r *translation) render(t *testing.T, cluster *v1alpha1.BarqCluster, facts translate.Facts, written []byte) {
	values, err := translate.ToValues(cluster, facts)
	var unwritable *translate.CharacterError
	if errors.As(err, &unwritable) {
		// To look at every character of every text is more than CEL may.
		return
	}
	var agentless *translate.AgentError
	if facts.AgentImage == "" && errors.As(err, &agentless) {
		// The API server does not know whether there is an agent.
		return
	}
	require.NoError(t, err, "%s", written)
	rendered, err := helmtemplate.Render(r.chart, cluster.Name, cluster.Namespace, values, podMonitors, serviceMonitors)
	require.NoError(t, err, "%s", written)
	manifests := releaseutil.SplitManifests(rendered.Manifest)
	for _, hook := range rendered.Hooks {
		manifests[hook.Path] = hook.Manifest
	}
	for path, manifest := range manifests {
		var kind metav1.TypeMeta
		require.NoError(t, yaml.Unmarshal([]byte(manifest), &kind), "%s\n%s\n%s", path, written, manifest)
		switch kind.Kind {
		case "PodMonitor", "ServiceMonitor":
			// Not Kubernetes' own. The API server has no rules for them but those of all objects.
			continue
		case "StatefulSet":
			requireFaithful(t, &cluster.Spec, manifest, string(written))
		}
		err := builtin.Create(cluster.Namespace, []byte(manifest))
		require.Empty(t, admission.BeyondHandedOn(err), "%s\n%s\n%s", path, written, manifest)
	}
}
