package placement_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/internal/placement"
)

// FuzzLoad reads what may lie where a cluster file should. A file that is taken has to lead
// every key somewhere.
func FuzzLoad(f *testing.F) {
	for _, file := range []string{
		"", "null", "{}", "[]", `{"node_id":"a","nodes":[],"shard_count":1}`,
		`{"node_id":"a","nodes":[{"id":"a","address":"http://a:8080"}],"shard_count":1}`,
		`{"node_id":"a","nodes":[{"id":"a"},{"id":"b"}],"shard_count":4,"replication_factor":2,"read_preference":"Any"}`,
		`{"node_id":"a","nodes":[{"id":"a"}],"shard_count":0}`,
		`{"node_id":"a","nodes":[{"id":"a"}],"shard_count":1,"placements":{"0":{"shard":0,"primary":"a","replicas":[]}}}`,
		`{"node_id":"a","nodes":[{"id":"a"}],"shard_count":1,"placements":{"7":{"shard":7,"primary":"a","replicas":["a"]}}}`,
		`{"node_id":"a","nodes":[{"id":"a"}],"shard_count":1,"placements":{"0":{"primary":"b"}}}`,
		`{"node_id":"a","nodes":[{"id":"a"}],"shard_count":-1}`,
		`{"node_id":"a","nodes":[{"id":"a"}],"shard_count":4294967295}`,
		`{"node_id":"a","nodes":[{"id":"a"}],"shard_count":1,"replication_factor":4294967295}`,
	} {
		f.Add([]byte(file), "key")
	}
	f.Fuzz(func(t *testing.T, content []byte, key string) {
		path := filepath.Join(t.TempDir(), "cluster.json")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		router, err := placement.Load(path)
		if err != nil {
			require.ErrorContains(t, err, "cluster file "+path+": ")
			return
		}
		require.NotEmpty(t, router.Shards())
		for _, ask := range []func(string) error{router.Read, router.Write} {
			err := ask(key)
			var elsewhere *placement.Elsewhere
			if err != nil && err != placement.ErrNoShard { //nolint:errorlint // It is returned as it is.
				require.ErrorAs(t, err, &elsewhere)
			}
		}
	})
}
