package api

import (
	"bytes"
	"net/http"
	"time"

	"github.com/barq-db/barq-operator/test/barqserver/internal/keys"
	"github.com/barq-db/barq-operator/test/barqserver/internal/logs"
	"github.com/barq-db/barq-operator/test/barqserver/internal/store"
)

func (s *Server) health(writer http.ResponseWriter, _ *http.Request) error {
	answer(writer, http.StatusOK, map[string]string{"status": "ok"})
	return nil
}

// describe gives what of the description of the API is of use: the version.
func (s *Server) describe(writer http.ResponseWriter, _ *http.Request) error {
	answer(writer, http.StatusOK, map[string]any{"openapi": "3.0.3", "info": map[string]string{"title": "barq-api", "version": s.Version}})
	return nil
}

func (s *Server) metrics(writer http.ResponseWriter, request *http.Request) error {
	if _, err := s.Keys.Tenant(request.Header, keys.Ops, nil); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := s.Series.WriteText(&text); err != nil {
		return err
	}
	writer.Header().Set("Content-Type", "text/plain; charset=utf-8")
	// A caller that is gone cannot be told.
	_, _ = writer.Write(text.Bytes())
	return nil
}

func (s *Server) topology(writer http.ResponseWriter, request *http.Request) error {
	if _, err := s.Keys.Tenant(request.Header, keys.Admin, nil); err != nil {
		return err
	}
	answer(writer, http.StatusOK, s.Router.Shards())
	return nil
}

// noQuota is the quota of every tenant, because the stand-in sets none.
var noQuota = map[string]any{"max_collections": nil, "max_disk_bytes": nil, "max_memory_bytes": nil, "max_qps": nil}

func (s *Server) info(writer http.ResponseWriter, request *http.Request) error {
	tenant, err := s.reader(request)
	if err != nil {
		return err
	}
	usage := s.Store.Usage(tenant)
	answer(writer, http.StatusOK, map[string]any{
		"collections": usage.Collections,
		"tenant":      usage.Tenant,
		"usage": map[string]int{
			"documents": usage.Documents, "disk_bytes": usage.DiskBytes,
			"memory_bytes": usage.MemoryBytes, "current_qps": usage.CurrentQPS,
		},
		"quota": noQuota,
	})
	return nil
}

func (s *Server) usage(writer http.ResponseWriter, request *http.Request) error {
	tenant := request.PathValue("tenant")
	if _, err := s.Keys.Tenant(request.Header, keys.TenantAdmin, &tenant); err != nil {
		return err
	}
	if err := s.Router.Read(tenant); err != nil {
		return err
	}
	answer(writer, http.StatusOK, struct {
		store.Usage
		Quota map[string]any `json:"quota"`
	}{s.Store.Usage(tenant), noQuota})
	return nil
}

func (s *Server) registerKey(writer http.ResponseWriter, request *http.Request) error {
	var body newKey
	if err := read(writer, request, &body); err != nil {
		return err
	}
	tenant := request.PathValue("tenant")
	if _, err := s.Keys.Tenant(request.Header, keys.TenantAdmin, &tenant); err != nil {
		return err
	}
	s.Keys.Add(*body.Key, tenant, *body.Role)
	s.audit("register-api-key", tenant)
	writer.WriteHeader(http.StatusCreated)
	return nil
}

func (s *Server) createCollection(writer http.ResponseWriter, request *http.Request) error {
	var body newCollection
	if err := read(writer, request, &body); err != nil {
		return err
	}
	if *body.Dimension == 0 {
		return &problem{http.StatusBadRequest, "the dimension is 0"}
	}
	tenant, err := s.Keys.Tenant(request.Header, keys.TenantAdmin, nil)
	if err != nil {
		return err
	}
	if err := s.Router.Write(tenant); err != nil {
		return err
	}
	if err := s.Store.CreateCollection(body.schema(tenant)); err != nil {
		return err
	}
	s.audit("create-collection", tenant)
	s.Series.CollectionCreated(tenant)
	writer.WriteHeader(http.StatusCreated)
	return nil
}

func (s *Server) dropCollection(writer http.ResponseWriter, request *http.Request) error {
	tenant, err := s.Keys.Tenant(request.Header, keys.TenantAdmin, nil)
	if err != nil {
		return err
	}
	if err := s.Router.Write(tenant); err != nil {
		return err
	}
	if err := s.Store.DropCollection(tenant, request.PathValue("name")); err != nil {
		return err
	}
	s.audit("drop-collection", tenant)
	writer.WriteHeader(http.StatusNoContent)
	return nil
}

// rebuildIndex answers before it does what it is asked for.
func (s *Server) rebuildIndex(writer http.ResponseWriter, request *http.Request) error {
	var body rebuildBody
	if err := read(writer, request, &body); err != nil {
		return err
	}
	tenant, err := s.Keys.Tenant(request.Header, keys.TenantAdmin, nil)
	if err != nil {
		return err
	}
	if err := s.Router.Write(tenant); err != nil {
		return err
	}
	collection := request.PathValue("name")
	if err := s.Store.Collection(tenant, collection); err != nil {
		return err
	}
	go func() {
		if err := s.Store.Rebuild(tenant, collection, body.Index); err != nil {
			// Barq DB says it on its standard error, and goes on.
			s.Log.Log(logs.Warn, "barq_server", err.Error(), nil)
		}
	}()
	s.audit("rebuild-index", tenant)
	writer.WriteHeader(http.StatusAccepted)
	return nil
}

func (s *Server) insertDocument(writer http.ResponseWriter, request *http.Request) error {
	var body newDocument
	if err := read(writer, request, &body); err != nil {
		return err
	}
	tenant, err := s.Keys.Tenant(request.Header, keys.Write, nil)
	if err != nil {
		return err
	}
	if err := body.ID.Validate(); err != nil {
		return err
	}
	if err := s.Router.Write(documentKey(tenant, body.ID.ID)); err != nil {
		return err
	}
	collection := request.PathValue("name")
	document := store.Document{ID: body.ID.ID, Vector: *body.Vector, Payload: body.Payload}
	if err := s.Store.Insert(tenant, collection, document, body.Upsert); err != nil {
		return err
	}
	s.audit("insert-document", tenant)
	s.Series.DocumentInserted(tenant, collection)
	writer.WriteHeader(http.StatusCreated)
	return nil
}

// getDocument does not ask where the document belongs: a process that has nothing
// answers that there is no such document, or no such collection.
func (s *Server) getDocument(writer http.ResponseWriter, request *http.Request) error {
	id, err := store.ParseID(request.PathValue("id"))
	if err != nil {
		return err
	}
	tenant, err := s.Keys.Tenant(request.Header, keys.Read, nil)
	if err != nil {
		return err
	}
	document, err := s.Store.Get(tenant, request.PathValue("name"), id)
	if err != nil {
		return err
	}
	answer(writer, http.StatusOK, map[string]any{"document": document})
	return nil
}

func (s *Server) deleteDocument(writer http.ResponseWriter, request *http.Request) error {
	id, err := store.ParseID(request.PathValue("id"))
	if err != nil {
		return err
	}
	tenant, err := s.Keys.Tenant(request.Header, keys.Write, nil)
	if err != nil {
		return err
	}
	if err := s.Router.Write(documentKey(tenant, id)); err != nil {
		return err
	}
	existed, err := s.Store.Delete(tenant, request.PathValue("name"), id)
	if err != nil {
		return err
	}
	s.audit("delete-document", tenant)
	status := http.StatusNotFound
	if existed {
		status = http.StatusNoContent
	}
	writer.WriteHeader(status)
	return nil
}

func (s *Server) search(writer http.ResponseWriter, request *http.Request) error {
	var body searchBody
	if err := read(writer, request, &body); err != nil {
		return err
	}
	tenant, err := s.reader(request)
	if err != nil {
		return err
	}
	if err := searchable(*body.Count, body.query); err != nil {
		return err
	}
	collection, start := request.PathValue("name"), time.Now()
	hits, err := s.Store.Search(tenant, collection, *body.Vector, *body.Count)
	if err != nil {
		return err
	}
	s.Series.Searched(tenant, collection, time.Since(start).Seconds())
	answer(writer, http.StatusOK, map[string]any{"results": hits})
	return nil
}

func (s *Server) batchSearch(writer http.ResponseWriter, request *http.Request) error {
	var body batchBody
	if err := read(writer, request, &body); err != nil {
		return err
	}
	tenant, err := s.reader(request)
	if err != nil {
		return err
	}
	if err := searchable(*body.Count, *body.Queries...); err != nil {
		return err
	}
	var vectors [][]store.Component
	for _, query := range *body.Queries {
		vectors = append(vectors, *query.Vector)
	}
	start := time.Now()
	results, err := s.Store.BatchSearch(tenant, request.PathValue("name"), vectors, *body.Count)
	if err != nil {
		return err
	}
	s.Series.BatchSearched(time.Since(start).Seconds())
	batches := make([]map[string]any, 0, len(results))
	for _, hits := range results {
		batches = append(batches, map[string]any{"hits": hits})
	}
	answer(writer, http.StatusOK, map[string]any{"results": batches})
	return nil
}

func searchable(count int, queries ...query) error {
	if count == 0 {
		return &problem{http.StatusBadRequest, "top_k is 0"}
	}
	for _, query := range queries {
		if query.filtered() {
			return &problem{http.StatusNotImplemented, "Barq DB has filters and the stand-in has not"}
		}
	}
	return nil
}

// reader gives the tenant of a request that reads, if this process may answer it.
func (s *Server) reader(request *http.Request) (string, error) {
	tenant, err := s.Keys.Tenant(request.Header, keys.Read, nil)
	if err != nil {
		return "", err
	}
	return tenant, s.Router.Read(tenant)
}

// documentKey is what decides on which shard a document is.
func documentKey(tenant string, id store.ID) string { return tenant + ":" + id.String() }

func (s *Server) audit(action, tenant string) {
	s.Log.Log(logs.Info, "audit", "change", logs.Fields{"action": action, "tenant": tenant})
}
