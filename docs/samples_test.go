package docs_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// sampleClusters are the BarqClusters in config/samples, by file, with the comment at the beginning of the file.
func sampleClusters(t *testing.T, use func(t *testing.T, comment string, cluster *v1alpha1.BarqCluster)) {
	t.Helper()
	paths, err := filepath.Glob("../config/samples/barqcluster*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text := read(t, strings.TrimPrefix(path, "../")).text
			comment := strings.Join(strings.Fields(strings.ReplaceAll(regexp.MustCompile(`(?m)\A(#.*\n)+`).FindString(text), "#", "")), " ")
			for document := range strings.SplitSeq(text, "\n---\n") {
				cluster := &v1alpha1.BarqCluster{}
				require.NoError(t, yaml.Unmarshal([]byte(document), cluster))
				if cluster.Kind == v1alpha1.BarqClusterKind.Kind {
					use(t, comment, cluster)
				}
			}
		})
	}
}

// A sample that cannot work with the released version of Barq DB says so where it is read.
func TestSamplesThatCannotWorkSaySo(t *testing.T) {
	sampleClusters(t, func(t *testing.T, comment string, cluster *v1alpha1.BarqCluster) {
		ends := false
		for _, tier := range []*v1alpha1.TierSpec{cluster.Spec.Tiering.Warm, cluster.Spec.Tiering.Cold} {
			ends = ends || cluster.Spec.Tiering.Enabled && !cluster.Spec.IsArchived() && tier != nil && tier.Provider != v1alpha1.ProviderAzure
		}
		require.Equal(t, ends, strings.Contains(comment, "Barq DB 0.1.0 exits at startup with a tier on s3 or gcs"), comment)
	})
}

// A sample with a monitor and a NetworkPolicy lets a Prometheus of another namespace in.
func TestSamplesAdmitTheMonitoringThatTheyTurnOn(t *testing.T) {
	sampleClusters(t, func(t *testing.T, _ string, cluster *v1alpha1.BarqCluster) {
		if monitors := cluster.Spec.Monitoring; !monitors.PodMonitor.Enabled && !monitors.ServiceMonitor.Enabled {
			return
		}
		var admitted []string
		for _, peer := range cluster.Spec.NetworkPolicy.From {
			admitted = append(admitted, namespaceOf(peer))
		}
		require.Contains(t, admitted, "monitoring")
	})
}

// namespaceOf returns the name of the namespace that a peer is, empty if it is anything else.
func namespaceOf(peer networkingv1.NetworkPolicyPeer) string {
	if peer.NamespaceSelector == nil {
		return ""
	}
	return peer.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]
}

// The first line of a sample says what the markers of its fields do.
func TestSamplesSayWhatAChangeDoes(t *testing.T) {
	descriptions := map[string]string{}
	for _, field := range readAPI(t).fields {
		descriptions[field.path] = strings.Join(strings.Fields(field.schema.Description), " ")
	}
	checked := 0
	for _, fence := range read(t, "docs/configure.md").fences() {
		if fence.language != "yaml" {
			continue
		}
		checked++
		sample := map[string]any{}
		require.NoError(t, yaml.Unmarshal([]byte(fence.code), &sample), fence.code)
		restarts, fixed := false, false
		for _, path := range pathsOf(sample["spec"], "") {
			effect, ok := v1alpha1.EffectOf(path)
			require.True(t, ok, "spec.%s is not a field", path)
			restarts = restarts || effect == v1alpha1.EffectRestart
			fixed = fixed || strings.Contains(descriptions["spec."+path], "It cannot change")
		}
		want := "# restarts nothing"
		if restarts {
			want = "# restarts the pods"
		}
		if fixed {
			want = "# cannot change later"
		}
		says, _, _ := strings.Cut(fence.code, "\n")
		require.Equal(t, want, says, fence.code)
	}
	require.NotZero(t, checked)
}

// pathsOf lists the paths of what a sample sets. A list counts as a whole, and so does an empty map.
func pathsOf(value any, path string) []string {
	inner, ok := value.(map[string]any)
	if !ok || len(inner) == 0 {
		return []string{path}
	}
	var paths []string
	for name, below := range inner {
		paths = append(paths, pathsOf(below, strings.TrimPrefix(path+"."+name, "."))...)
	}
	return paths
}
