package translate_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/translate"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

type input struct {
	Facts translate.Facts          `json:"facts"`
	Spec  v1alpha1.BarqClusterSpec `json:"spec"`
}

// cluster returns the BarqCluster.
func (i input) cluster() *v1alpha1.BarqCluster {
	return &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Name: "vectors", UID: "6e8f0c6e-1f0c-4f4e-9a43-2d2b6d0f6a11"}, Spec: i.Spec}
}

func inputs(t *testing.T) map[string]input {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.input.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	found := map[string]input{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		var in input
		require.NoError(t, yaml.UnmarshalStrict(content, &in), path)
		found[strings.TrimSuffix(filepath.Base(path), ".input.yaml")] = in
	}
	return found
}

// Each file in testdata has one field of the spec, or one fact. Its golden file has all the values
// that result.
func TestToValues(t *testing.T) {
	for name, in := range inputs(t) {
		t.Run(name, func(t *testing.T) {
			values, err := translate.ToValues(in.cluster(), in.Facts)
			require.NoError(t, err)
			got, err := yaml.Marshal(values)
			require.NoError(t, err)

			golden := filepath.Join("testdata", name+".values.yaml")
			if *update {
				require.NoError(t, os.WriteFile(golden, got, 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
		})
	}
}

func TestToValuesIsPure(t *testing.T) {
	for name, in := range inputs(t) {
		t.Run(name, func(t *testing.T) {
			cluster := in.cluster()
			before := cluster.DeepCopy()
			first, err := translate.ToValues(cluster, in.Facts)
			require.NoError(t, err)
			second, err := translate.ToValues(cluster, in.Facts)
			require.NoError(t, err)
			require.Equal(t, first, second)
			require.Equal(t, before, cluster)
		})
	}
}

// Without an agent these would begin empty, answer writes too early, or take data elsewhere.
func TestToValuesNamesWhatTakesAnAgent(t *testing.T) {
	const gcs, azure = `{provider: gcs, bucket: b}`, `{provider: azure, bucket: b, storageAccount: abc}`
	for spec, field := range map[string]string{
		`{bootstrap: {recovery: {name: a}}, tiering: {enabled: true, warm: ` + gcs + `}}`:                          "spec.bootstrap.recovery",
		`{durability: {mode: Archived}, tiering: {enabled: true, warm: ` + gcs + `}}`:                              "spec.durability.mode: Archived",
		`{tiering: {enabled: true, warm: ` + gcs + `, cold: ` + azure + `}}`:                                       "spec.tiering.cold.storageAccount",
		`{tiering: {enabled: true, warm: {provider: gcs, bucket: b, endpoint: "https://a"}}}`:                      "spec.tiering.warm.endpoint",
		`{tiering: {enabled: true, maxLag: 1s, warm: {provider: s3, bucket: b, endpoint: "https://a"}}}`:           "",
		`{tiering: {enabled: false, warm: ` + azure + `}, bootstrap: {recovery: {name: a}}}`:                       "",
		`{tiering: {enabled: true, managedBy: Server, warm: ` + gcs + `}, bootstrap: {recovery: {name: a}}}`:       "",
		`{durability: {mode: Interval, interval: 2s}, tiering: {enabled: true, warm: {provider: gcs, bucket: b}}}`: "",
	} {
		in := input{}
		require.NoError(t, yaml.UnmarshalStrict([]byte(spec), &in.Spec), spec)
		_, err := translate.ToValues(in.cluster(), translate.Facts{})
		if field == "" {
			require.NoError(t, err, spec)
			continue
		}
		var found *translate.AgentError
		require.ErrorAs(t, err, &found, spec)
		require.EqualError(t, err, field+" takes an agent in the pods, and they have none; remove it, or give the operator an agent (RELATED_IMAGE_BARQ_AGENT)")
		_, err = translate.ToValues(in.cluster(), translate.Facts{AgentImage: "barq-agent:1"})
		require.NoError(t, err, spec)
	}
}

func TestToValuesNamesTheImageAtFault(t *testing.T) {
	_, err := translate.ToValues(&v1alpha1.BarqCluster{Spec: v1alpha1.BarqClusterSpec{Image: "Not An Image"}}, translate.Facts{})
	require.EqualError(t, err, `spec.image: "Not An Image" is not an image reference: invalid reference format`)

	_, err = translate.ToValues(&v1alpha1.BarqCluster{}, translate.Facts{DefaultImage: "Upper:1"})
	require.EqualError(t, err, `the operator's RELATED_IMAGE_BARQ_DB: "Upper:1" is not an image reference: `+
		`repository name must be lowercase`)

	sum := strings.Repeat("0123456789abcdef", 8)
	_, err = translate.ToValues(&v1alpha1.BarqCluster{}, translate.Facts{DefaultImage: "barq-db@sha512:" + sum})
	require.EqualError(t, err, `the operator's RELATED_IMAGE_BARQ_DB: "barq-db@sha512:`+sum+`" has a digest of sha512; write one of sha256`)
}
