package conformance

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

func TestDocumentsAreKeptOverARestart(t *testing.T) {
	s := serve(t, start{})
	inserted := s.fill(100)
	s.requireAll(inserted)
	s.stop()

	s = s.again()
	s.requireAll(inserted)
	usage, err := s.Usage(t.Context(), "default")
	require.NoError(t, err)
	require.Equal(t, 100, usage.Documents)
	missing, err := s.Missing(t.Context(), "things", client.Number(100), client.Number(101))
	require.NoError(t, err)
	require.Equal(t, []client.ID{client.Number(101)}, missing)
}

func TestSearch(t *testing.T) {
	s := serve(t, start{})
	s.fill(10)
	for name, vector := range map[string][]float32{client.Cosine: {2, 0}, client.Dot: {2, 3}} {
		require.NoError(t, s.CreateCollection(t.Context(), client.Collection{Name: name, Dimension: 2, Metric: name}))
		require.NoError(t, s.Insert(t.Context(), name, client.Document{ID: client.Name("one"), Vector: vector}))
	}
	require.Equal(t, []client.Hit{{ID: client.Number(4), Score: -0.25}, {ID: client.Number(5), Score: -0.75}}, s.search("things", 4.25, 0, 2))
	require.Equal(t, []client.Hit{{ID: client.Name("one"), Score: 1}}, s.search(client.Cosine, 1, 0, 1))
	require.Equal(t, []client.Hit{{ID: client.Name("one"), Score: 13}}, s.search(client.Dot, 2, 3, 1))

	hits, err := s.BatchSearch(t.Context(), "things", [][]float32{{1, 0}, {10, 0}}, 1)
	require.NoError(t, err)
	require.Equal(t, [][]client.Hit{{{ID: client.Number(1)}}, {{ID: client.Number(10)}}}, hits)
}

// search gives the nearest documents to a vector of two components.
func (s *server) search(collection string, x, y float32, count int) []client.Hit {
	s.t.Helper()
	hits, err := s.Search(s.t.Context(), collection, []float32{x, y}, count)
	require.NoError(s.t, err)
	for index, hit := range hits {
		if hit.Score == 0 {
			hits[index].Score = 0 // not minus zero
		}
	}
	return hits
}

func TestUpsertAndDeletionAreKeptOverARestart(t *testing.T) {
	s := serve(t, start{})
	inserted := s.fill(3)
	changed := client.Document{ID: client.Number(1), Vector: []float32{9, 9}, Payload: map[string]any{"title": "changed"}}
	upsert := changed
	upsert.Upsert = true
	require.NoError(t, s.Insert(t.Context(), "things", upsert))
	require.NoError(t, s.Delete(t.Context(), "things", client.Number(2)))
	requireStatus(t, http.StatusNotFound, s.Delete(t.Context(), "things", client.Number(2)))
	require.NoError(t, s.CreateCollection(t.Context(), client.Collection{Name: "dropped", Dimension: 2, Metric: client.L2}))
	require.NoError(t, s.DeleteCollection(t.Context(), "dropped"))

	check := func(s *server) {
		s.requireAll([]client.Document{changed, inserted[2]})
		require.Len(t, s.search("things", 9, 9, 2), 2)
		gone, err := s.Get(t.Context(), "things", client.Number(2))
		require.NoError(t, err)
		require.Nil(t, gone)
		_, err = s.Get(t.Context(), "dropped", client.Number(1))
		requireStatus(t, http.StatusBadRequest, err)
	}
	check(s)
	s.stop()
	check(s.again())
}

func TestTenantsAreApart(t *testing.T) {
	s := serve(t, start{})
	for _, tenant := range []string{"red", "blue"} {
		ofTenant := s.As(tenant)
		require.NoError(t, ofTenant.CreateCollection(t.Context(), client.Collection{Name: tenant, Dimension: 1, Metric: client.L2}))
		require.NoError(t, ofTenant.Insert(t.Context(), tenant, client.Document{ID: client.Number(1), Vector: []float32{1}}))
	}
	check := func(s *server) {
		document, err := s.As("red").Get(t.Context(), "red", client.Number(1))
		require.NoError(t, err)
		require.NotNil(t, document)
		_, err = s.As("blue").Get(t.Context(), "red", client.Number(1))
		requireStatus(t, http.StatusBadRequest, err)
		_, err = s.Get(t.Context(), "red", client.Number(1))
		requireStatus(t, http.StatusBadRequest, err)
	}
	check(s)
	s.stop()
	check(s.again())
}

func TestStatusOfRequests(t *testing.T) {
	s := serve(t, start{})
	s.fill(1)
	const (
		collections = "/collections"
		documents   = "/collections/things/documents"
		search      = "/collections/things/search"
	)
	for _, request := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/health", "", 200},
		{"GET", "/info", "", 200},
		{"GET", "/ready", "", 404},
		{"POST", "/health", "", 405},
		{"GET", collections, "", 405},

		{"POST", collections, `{`, 400},
		{"POST", collections, `{"name":"a"}`, 422},
		{"POST", collections, `{"name":"a","dimension":2,"metric":"l2"}`, 422},
		{"POST", collections, `{"name":"a","dimension":-1,"metric":"L2"}`, 422},
		{"POST", collections, `{"name":"a","dimension":2,"metric":"L2","index":"Tree"}`, 422},
		{"POST", collections, `{"name":"a","dimension":2,"metric":"L2","index":{"Ivf":{"nlist":1}}}`, 422},
		{"POST", rebuildPath, `{"index":"Tree"}`, 422},
		{"POST", collections, `{"name":"a","dimension":0,"metric":"L2"}`, 400},
		{"POST", collections, `{"name":" ","dimension":2,"metric":"L2"}`, 400},
		{"POST", collections, `{"name":"things","dimension":2,"metric":"L2"}`, 400},
		{"POST", collections, `{"name":"a","dimension":2,"metric":"L2","index":null,"unknown":1}`, 201},
		{"DELETE", collections + "/absent", "", 400},

		{"POST", documents, `{"id":"two","vector":[1,2]}`, 201},
		{"POST", documents, `{"vector":[1,2]}`, 422},
		{"POST", documents, `{"id":0,"vector":[1,2]}`, 400},
		{"POST", documents, `{"id":"","vector":[1,2]}`, 400},
		{"POST", documents, `{"id":1.5,"vector":[1,2]}`, 422},
		{"POST", documents, `{"id":3,"vector":[1]}`, 400},
		{"POST", documents, `{"id":3,"vector":[1,null]}`, 422},
		{"POST", documents, `{"id":3,"vector":[1,NaN]}`, 400},
		{"POST", documents, `{"id":3,"vector":[1,1e400]}`, 400},
		{"POST", documents, `{"id":3,"vector":[1,2],"payload":"` + strings.Repeat("x", 2<<20) + `"}`, 413},
		{"POST", "/collections/absent/documents", `{"id":3,"vector":[1,2]}`, 400},
		{"GET", documents + "/two", "", 200},
		{"GET", documents + "/absent", "", 200},
		{"GET", documents + "/0", "", 400},
		{"GET", "/collections/absent/documents/1", "", 400},
		{"DELETE", documents + "/absent", "", 404},
		{"DELETE", "/collections/absent/documents/1", "", 400},

		{"POST", search, `{"vector":[1,2],"top_k":1}`, 200},
		{"POST", search, `{"vector":[1,2]}`, 422},
		{"POST", search, `{"vector":[1,2],"top_k":0}`, 400},
		{"POST", search, `{"vector":[1],"top_k":1}`, 400},
		{"POST", "/collections/absent/search", `{"vector":[1,2],"top_k":1}`, 400},
		{"POST", "/collections/things/batch_search", `{"queries":[],"top_k":1}`, 200},
		{"POST", "/collections/things/batch_search", `{"queries":[{"vector":[1]}],"top_k":1}`, 400},
	} {
		require.Equal(t, request.status, s.status(request.method, request.path, request.body), "%s %s %.60s", request.method, request.path, request.body)
	}
	answer, err := s.Send(t.Context(), http.MethodPost, collections, "text/plain", `{}`)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnsupportedMediaType, answer.Status)
}

// The faults below are the real server's. They are here because a test with the
// stand-in should meet them, and because a repaired server should be noticed.

func TestPointsInPayloads(t *testing.T) {
	s := serve(t, start{})
	s.fill(0)
	require.NoError(t, s.Insert(t.Context(), "things", client.Document{
		ID: client.Number(1), Vector: []float32{1, 2},
		Payload: map[string]any{
			"range": []int{3, 4},
			"three": []int{3, 4, 5},
			"place": map[string]any{"lat": 1.5, "lon": 2.5, "name": "lost"},
		},
	}))
	document, err := s.Get(t.Context(), "things", client.Number(1))
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"range": map[string]any{"lat": 3.0, "lon": 4.0},
		"three": []any{3.0, 4.0, 5.0},
		"place": map[string]any{"lat": 1.5, "lon": 2.5},
	}, document.Payload)
}

func TestIDThatLooksLikeANumber(t *testing.T) {
	s := serve(t, start{})
	s.fill(0)
	require.NoError(t, s.Insert(t.Context(), "things", client.Document{ID: client.Name("7"), Vector: []float32{1, 2}}))
	require.Equal(t, []client.Hit{{ID: client.Name("7")}}, s.search("things", 1, 2, 1))
	document, err := s.Get(t.Context(), "things", client.Name("7"))
	require.NoError(t, err)
	require.Nil(t, document)
	requireStatus(t, http.StatusNotFound, s.Delete(t.Context(), "things", client.Name("7")))
}

func TestDocumentsWithoutPayloadAreNotReplaced(t *testing.T) {
	s := serve(t, start{})
	s.fill(0)
	insert := func(x float32) {
		require.NoError(t, s.Insert(t.Context(), "things", client.Document{ID: client.Number(1), Vector: []float32{x, 0}, Upsert: true}))
	}
	insert(1)
	insert(5)
	require.Equal(t, []client.Hit{{ID: client.Number(1)}}, s.search("things", 1, 0, 1), "the old vector is found")
	require.NoError(t, s.Delete(t.Context(), "things", client.Number(1)))
	check := func(s *server) {
		document, err := s.Get(t.Context(), "things", client.Number(1))
		require.NoError(t, err)
		require.Nil(t, document)
		require.Equal(t, []client.Hit{{ID: client.Number(1)}}, s.search("things", 5, 0, 1), "the deleted document is found")
	}
	check(s)
	s.stop()
	check(s.again())
}

// An insert of an id that is taken adds a vector until the next start. The log does not say that it was none of a replacement.
func TestInsertOfAnIDThatIsTaken(t *testing.T) {
	s := serve(t, start{})
	insert := func(x float32) {
		require.NoError(t, s.Insert(t.Context(), "things", client.Document{ID: client.Number(1), Vector: []float32{x, 0}, Payload: map[string]any{"title": "document 1"}}))
	}
	s.fill(0)
	insert(1)
	insert(5)
	require.Equal(t, []client.Hit{{ID: client.Number(1)}}, s.search("things", 1, 0, 1), "the first vector is found")
	require.Equal(t, []client.Hit{{ID: client.Number(1)}}, s.search("things", 5, 0, 1), "so is the second")
	s.stop()
	s = s.again()
	require.Equal(t, []client.Hit{{ID: client.Number(1), Score: -4}}, s.search("things", 1, 0, 1))
	require.Equal(t, []client.Hit{{ID: client.Number(1)}}, s.search("things", 5, 0, 1))
}

func TestEqualScoresComeUpTwice(t *testing.T) {
	s := serve(t, start{})
	s.fill(0)
	for id := range uint64(2) {
		require.NoError(t, s.Insert(t.Context(), "things", client.Document{ID: client.Number(id + 1), Vector: []float32{1, 0}}))
	}
	one, two := client.Hit{ID: client.Number(1)}, client.Hit{ID: client.Number(2)}
	require.Equal(t, []client.Hit{one, two}, s.search("things", 1, 0, 2))
	require.Equal(t, []client.Hit{one, two, one, two}, s.search("things", 1, 0, 10))
}

func TestCollectionWithASlashIsLostAtARestart(t *testing.T) {
	s := serve(t, start{})
	require.NoError(t, s.CreateCollection(t.Context(), client.Collection{Name: "a/b", Dimension: 1, Metric: client.L2}))
	require.NoError(t, s.Insert(t.Context(), "a/b", client.Document{ID: client.Number(1), Vector: []float32{1}}))
	s.stop()
	_, err := s.again().Get(t.Context(), "a/b", client.Number(1))
	requireStatus(t, http.StatusBadRequest, err)
}
