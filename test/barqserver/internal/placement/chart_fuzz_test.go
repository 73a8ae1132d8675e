package placement_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/releaseutil"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/test/barqserver/internal/placement"
	"github.com/barq-db/barq-operator/test/chart/helmtemplate"
)

// clusterFile is all that docs/barq-server.md says of the file.
type clusterFile struct {
	NodeID            string                     `json:"node_id"`
	Nodes             []node                     `json:"nodes"`
	ShardCount        int                        `json:"shard_count"`
	ReplicationFactor int                        `json:"replication_factor"`
	ReadPreference    string                     `json:"read_preference"`
	Placements        map[string]placement.Shard `json:"placements"`
}

type node struct {
	ID      string `json:"id"`
	Address string `json:"address"`
}

// FuzzChartClusterFiles reads the cluster files that the chart writes, for every name and
// namespace that Kubernetes takes.
func FuzzChartClusterFiles(f *testing.F) {
	chart, err := loader.LoadDir("../../../../helm-charts/barq-db")
	require.NoError(f, err)
	for _, name := range []string{"db", "a", "on", "null", "e1", "a--b", strings.Repeat("a", 52), strings.Repeat("a", 53), "1a", "a-"} {
		f.Add(name, "team", uint8(1), false, false)
		f.Add(name, "1", uint8(0), true, false)
		f.Add(name, strings.Repeat("1", 63), uint8(100), false, true)
		f.Add(name, "null", uint8(12), true, true)
	}
	f.Fuzz(func(t *testing.T, name, namespace string, replicas uint8, tls, independent bool) {
		if len(validation.IsDNS1123Label(namespace)) > 0 || replicas > 100 {
			return
		}
		values := map[string]any{"replicas": int64(replicas)}
		scheme, mode := "http", "Primary"
		if tls {
			scheme = "https"
			values["tls"] = map[string]any{"secretName": "keys"}
		}
		if independent {
			mode = "Independent"
		}
		values["topology"] = map[string]any{"mode": mode}
		rendered, err := helmtemplate.Render(chart, name, namespace, values)
		if len(validation.IsDNS1035Label(name)) > 0 || len(name) > 52 {
			require.Error(t, err, "%q", name)
			return
		}
		require.NoError(t, err)

		want := map[string]clusterFile{}
		for ordinal := range int(replicas) {
			if independent {
				break
			}
			primary, self := name+"-0", fmt.Sprintf("%s-%d", name, ordinal)
			file := clusterFile{
				NodeID: self, ShardCount: 1, ReplicationFactor: 1, ReadPreference: "Primary",
				Placements: map[string]placement.Shard{"0": {Shard: 0, Primary: primary, Replicas: []string{}}},
			}
			for _, pod := range []string{primary, self} {
				if pod == primary && len(file.Nodes) > 0 {
					continue
				}
				address := fmt.Sprintf("%s://%s.%s-headless.%s.svc:8080", scheme, pod, name, namespace)
				file.Nodes = append(file.Nodes, node{ID: pod, Address: address})
			}
			want[self+".json"] = file
		}

		got := map[string]clusterFile{}
		for file, text := range clusterFilesIn(t, rendered.Manifest) {
			decoder := json.NewDecoder(strings.NewReader(text))
			decoder.DisallowUnknownFields()
			var read clusterFile
			require.NoError(t, decoder.Decode(&read), "%s", text)
			got[file] = read

			path := filepath.Join(t.TempDir(), file)
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			router, err := placement.Load(path)
			require.NoError(t, err)
			if err := router.Write("key"); read.NodeID != name+"-0" {
				require.Equal(t, &placement.Elsewhere{Address: read.Nodes[0].Address}, err)
			} else {
				require.NoError(t, err)
			}
		}
		require.Equal(t, want, got)
	})
}

// clusterFilesIn gives the files of the ConfigMap that the pods mount.
func clusterFilesIn(t *testing.T, manifest string) map[string]string {
	t.Helper()
	for _, text := range releaseutil.SplitManifests(manifest) {
		var config corev1.ConfigMap
		require.NoError(t, yaml.Unmarshal([]byte(text), &config))
		if config.Kind == "ConfigMap" {
			return config.Data
		}
	}
	return nil
}
