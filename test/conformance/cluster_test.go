package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// clusterFile is the file that a node of three is given, as JSON.
func clusterFile(t *testing.T, changes map[string]any) string {
	t.Helper()
	content := map[string]any{
		"node_id": "db-0",
		"nodes": []map[string]string{
			{"id": "db-0", "address": "http://db-0.db-headless:8080"},
			{"id": "db-1", "address": "http://db-1.db-headless:8080"},
			{"id": "db-2", "address": "http://db-2.db-headless:8080"},
		},
		"shard_count": 1,
		"placements":  map[string]any{"0": map[string]any{"shard": 0, "primary": "db-0", "replicas": []string{}}},
	}
	for field, value := range changes {
		if value == nil {
			delete(content, field)
		} else {
			content[field] = value
		}
	}
	text, err := json.Marshal(content)
	require.NoError(t, err)
	return string(text)
}

// withCluster is a start with a cluster file.
func withCluster(t *testing.T, content string) start {
	t.Helper()
	s := &server{t: t, dir: t.TempDir()}
	file := filepath.Join(s.dir, "cluster.json")
	s.write(file, content)
	return start{dir: s.dir, environment: []string{"BARQ_CLUSTER_CONFIG=" + file}}
}

// clusterFile is the file that a start names.
func (s start) clusterFile() string { return filepath.Join(s.dir, "cluster.json") }

func TestPrimary(t *testing.T) {
	how := withCluster(t, clusterFile(t, nil))
	s := serve(t, how)
	inserted := s.fill(10)
	s.requireAll(inserted)
	require.Equal(t, []client.Hit{{ID: client.Number(3)}}, s.search("things", 3, 0, 1))
	s.stop()
	s = serve(t, how)
	s.requireAll(inserted)
	answer, err := s.Send(t.Context(), http.MethodGet, "/admin/topology", "", "")
	require.NoError(t, err)
	require.JSONEq(t, `{"0":{"shard":0,"primary":"db-0","replicas":[]}}`, answer.Body)
}

// answers gives, for every route that asks the cluster file or not, the status and
// where a redirect leads.
func (s *server) answers() map[string]string {
	s.t.Helper()
	found := map[string]string{}
	for _, request := range []struct{ method, path, body string }{
		{"GET", "/health", ""},
		{"GET", "/metrics", ""},
		{"GET", "/info", ""},
		{"GET", "/tenants/default/usage", ""},
		{"POST", "/collections", `{"name":"c","dimension":2,"metric":"L2"}`},
		{"DELETE", "/collections/c", ""},
		{"POST", "/collections/c/documents", `{"id":1,"vector":[1,2]}`},
		{"GET", "/collections/c/documents/1", ""},
		{"DELETE", "/collections/c/documents/1", ""},
		{"POST", "/collections/c/search", `{"vector":[1,2],"top_k":1}`},
		{"POST", "/collections/c/batch_search", `{"queries":[{"vector":[1,2]}],"top_k":1}`},
	} {
		mediaType := ""
		if request.body != "" {
			mediaType = "application/json"
		}
		answer, err := s.Send(s.t.Context(), request.method, request.path, mediaType, request.body)
		require.NoError(s.t, err)
		found[request.method+" "+request.path] = strings.TrimSpace(fmt.Sprint(answer.Status, " ", answer.Header.Get("Location")))
	}
	return found
}

func TestFollowerSendsEverythingElsewhereButGet(t *testing.T) {
	const elsewhere = "307 http://db-0.db-headless:8080"
	for name, node := range map[string]string{"another node": "db-1", "a node that is not in the file": "stranger"} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, withCluster(t, clusterFile(t, map[string]any{"node_id": node})))
			require.Equal(t, map[string]string{
				"GET /health":                       "200",
				"GET /metrics":                      "200",
				"GET /info":                         elsewhere,
				"GET /tenants/default/usage":        elsewhere,
				"POST /collections":                 elsewhere,
				"DELETE /collections/c":             elsewhere,
				"POST /collections/c/documents":     elsewhere,
				"GET /collections/c/documents/1":    "400", // there is no collection
				"DELETE /collections/c/documents/1": elsewhere,
				"POST /collections/c/search":        elsewhere,
				"POST /collections/c/batch_search":  elsewhere,
			}, s.answers())
		})
	}
}

// A replica answers reads although nothing is ever copied to it.
func TestReplicaReadsNothing(t *testing.T) {
	const elsewhere = "307 http://db-0.db-headless:8080"
	s := serve(t, withCluster(t, clusterFile(t, map[string]any{
		"node_id": "db-1", "replication_factor": 2,
		"placements": map[string]any{"0": map[string]any{"shard": 0, "primary": "db-0", "replicas": []string{"db-1"}}},
	})))
	require.Equal(t, map[string]string{
		"GET /health":                       "200",
		"GET /metrics":                      "200",
		"GET /info":                         "200",
		"GET /tenants/default/usage":        "200",
		"POST /collections":                 elsewhere,
		"DELETE /collections/c":             elsewhere,
		"POST /collections/c/documents":     elsewhere,
		"GET /collections/c/documents/1":    "400",
		"DELETE /collections/c/documents/1": elsewhere,
		"POST /collections/c/search":        "400",
		"POST /collections/c/batch_search":  "400",
	}, s.answers())
}

func TestReadPreference(t *testing.T) {
	for preference, target := range map[string]string{"Primary": "db-0", "Followers": "db-1", "Any": "db-1"} {
		s := serve(t, withCluster(t, clusterFile(t, map[string]any{
			"node_id": "db-2", "read_preference": preference,
			"placements": map[string]any{"0": map[string]any{"shard": 0, "primary": "db-0", "replicas": []string{"db-1"}}},
		})))
		answers := s.answers()
		require.Equal(t, "307 http://"+target+".db-headless:8080", answers["POST /collections/c/search"], preference)
		require.Equal(t, "307 http://db-0.db-headless:8080", answers["POST /collections/c/documents"], preference)
		s.stop()
	}
}

func TestPlacementsAreMadeUpWhenThereAreNone(t *testing.T) {
	s := serve(t, withCluster(t, clusterFile(t, map[string]any{"placements": nil, "shard_count": 4, "replication_factor": 2})))
	answer, err := s.Send(t.Context(), http.MethodGet, "/admin/topology", "", "")
	require.NoError(t, err)
	require.JSONEq(t, `{
		"0": {"shard": 0, "primary": "db-0", "replicas": ["db-1"]},
		"1": {"shard": 1, "primary": "db-1", "replicas": ["db-2"]},
		"2": {"shard": 2, "primary": "db-2", "replicas": ["db-0"]},
		"3": {"shard": 3, "primary": "db-0", "replicas": ["db-1"]}}`, answer.Body)
}

// With two shards a process forgets at its end which tenants were its own.
func TestTenantsMoveBetweenShardsAtARestart(t *testing.T) {
	how := withCluster(t, clusterFile(t, map[string]any{"placements": nil, "shard_count": 2}))
	accepted := func(collection string) string {
		s := serve(t, how)
		defer s.stop()
		var pattern strings.Builder
		for tenant := range 64 {
			err := s.As(fmt.Sprintf("tenant-%d", tenant)).CreateCollection(t.Context(), client.Collection{Name: collection, Dimension: 1, Metric: client.L2})
			if err == nil {
				pattern.WriteByte('1')
				continue
			}
			requireStatus(t, http.StatusTemporaryRedirect, err)
			pattern.WriteByte('0')
		}
		return pattern.String()
	}
	first, second := accepted("first"), accepted("second")
	require.Contains(t, first, "1")
	require.Contains(t, first, "0")
	require.NotEqual(t, first, second)
}

// The keys of the placements must be 0 and up: for one that is not there the connection is
// closed without an answer.
func TestPlacementThatIsNotThere(t *testing.T) {
	s := serve(t, withCluster(t, clusterFile(t, map[string]any{
		"placements": map[string]any{"1": map[string]any{"shard": 1, "primary": "db-0", "replicas": []string{}}},
	})))
	var refusal *client.StatusError
	err := s.CreateCollection(t.Context(), client.Collection{Name: "c", Dimension: 1, Metric: client.L2})
	require.Error(t, err)
	require.NotErrorAs(t, err, &refusal)
	require.NoError(t, s.Health(t.Context()))
}

func TestClusterFileThatIsRefused(t *testing.T) {
	for name, content := range map[string]string{
		"not JSON":                     "{",
		"empty":                        "",
		"no node_id":                   clusterFile(t, map[string]any{"node_id": nil}),
		"no nodes":                     clusterFile(t, map[string]any{"nodes": nil}),
		"empty nodes":                  clusterFile(t, map[string]any{"nodes": []string{}}),
		"no shard_count":               clusterFile(t, map[string]any{"shard_count": nil}),
		"replication_factor 0":         clusterFile(t, map[string]any{"replication_factor": 0}),
		"unknown read_preference":      clusterFile(t, map[string]any{"read_preference": "primary"}),
		"a placement on a stranger":    clusterFile(t, map[string]any{"placements": map[string]any{"0": map[string]any{"shard": 0, "primary": "x", "replicas": []string{}}}}),
		"a replica that is a stranger": clusterFile(t, map[string]any{"placements": map[string]any{"0": map[string]any{"shard": 0, "primary": "db-0", "replicas": []string{"x"}}}}),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, panicked, launch(t, withCluster(t, content)).exit())
		})
	}
	t.Run("no such file", func(t *testing.T) {
		require.Equal(t, panicked, launch(t, start{environment: []string{"BARQ_CLUSTER_CONFIG=/does/not/exist"}}).exit())
	})
}
