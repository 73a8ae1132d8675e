package api

import (
	"errors"
	"net/http"
	"path"

	"github.com/barq-db/barq-operator/test/barqserver/internal/keys"
	"github.com/barq-db/barq-operator/test/barqserver/internal/logs"
	"github.com/barq-db/barq-operator/test/barqserver/internal/placement"
	"github.com/barq-db/barq-operator/test/barqserver/internal/series"
	"github.com/barq-db/barq-operator/test/barqserver/internal/store"
)

// Server answers requests.
type Server struct {
	Store  *store.Store
	Keys   *keys.Ring
	Router *placement.Router
	Series *series.Registry
	Log    *logs.Logger
	// Version is that of Barq DB.
	Version string
}

// Handler gives the routes.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, answer := range map[string]handler{
		"GET /health":                s.health,
		"GET /info":                  s.info,
		"GET /api-docs/openapi.json": s.describe,
		"GET /metrics":               s.metrics,
		"GET /admin/topology":        s.topology,
		"POST /collections":          s.createCollection,
		"POST /admin/{further}":      notHere,

		"DELETE /collections/{name}":                     s.dropCollection,
		"POST /collections/{name}/documents":             s.insertDocument,
		"GET /collections/{name}/documents/{id}":         s.getDocument,
		"DELETE /collections/{name}/documents/{id}":      s.deleteDocument,
		"POST /collections/{name}/search":                s.search,
		"POST /collections/{name}/batch_search":          s.batchSearch,
		"POST /collections/{name}/search/text":           notHere,
		"POST /collections/{name}/search/hybrid":         notHere,
		"POST /collections/{name}/search/hybrid/explain": notHere,
		"POST /collections/{name}/index/rebuild":         s.rebuildIndex,
		"GET /tenants/{tenant}/usage":                    s.usage,
		"PUT /tenants/{tenant}/quota":                    notHere,
		"POST /tenants/{tenant}/api-keys":                s.registerKey,
	} {
		mux.HandleFunc(pattern, func(writer http.ResponseWriter, request *http.Request) {
			s.Log.Log(logs.Debug, "tower_http", "request", logs.Fields{"method": request.Method, "uri": request.URL.Path})
			if err := answer(writer, request); err != nil {
				refuse(writer, err)
			}
		})
	}
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if !isClean(request.URL.EscapedPath()) {
			// Go would redirect to the clean path. Barq DB has no route for it.
			writer.WriteHeader(http.StatusNotFound)
			return
		}
		mux.ServeHTTP(writer, request)
	})
}

// isClean reports whether a path has neither dots for folders nor slashes that follow one another.
func isClean(asked string) bool {
	clean := path.Clean(asked)
	return asked == clean || asked == clean+"/"
}

// handler answers a request, or says why not.
type handler func(http.ResponseWriter, *http.Request) error

// problem is an answer that is neither success nor one of the errors below.
type problem struct {
	status int
	reason string
}

func (p *problem) Error() string { return p.reason }

func notHere(http.ResponseWriter, *http.Request) error {
	return &problem{http.StatusNotImplemented, "Barq DB has this route and the stand-in has not"}
}

// refuse answers with the status that belongs to an error.
func refuse(writer http.ResponseWriter, err error) {
	if errors.Is(err, placement.ErrNoShard) {
		// Barq DB panics, and the connection is closed without an answer.
		panic(http.ErrAbortHandler)
	}
	status := http.StatusInternalServerError
	var (
		known     *problem
		refused   *store.RefusedError
		refusal   *keys.Refusal
		elsewhere *placement.Elsewhere
	)
	switch {
	case errors.As(err, &known):
		status = known.status
	case errors.As(err, &refused), errors.Is(err, store.ErrNoID):
		status = http.StatusBadRequest
	case errors.As(err, &refusal):
		status = http.StatusForbidden
		if refusal.Unknown {
			status = http.StatusUnauthorized
		}
	case errors.As(err, &elsewhere):
		status = http.StatusTemporaryRedirect
		// Just the node: the path of the request is not there, so no client can follow it.
		writer.Header().Set("Location", elsewhere.Address)
	}
	text := err.Error()
	if refused == nil && errors.Is(err, store.ErrNoID) {
		text = "document id error: " + text
	}
	if broken := (*store.DataError)(nil); errors.As(err, &refused) || errors.As(err, &broken) {
		text = "storage error: " + text
	}
	answer(writer, status, map[string]string{"error": text})
}
