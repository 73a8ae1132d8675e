package metrics

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/barq-db/barq-operator/internal/barq/request"
)

// methods are those that are counted by name.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}

// The routes of what the agent answers itself, beside those that the server has.
const (
	readyRoute   = "ready"
	metricsRoute = "metrics"
)

// Count counts the requests to a handler.
func (m *Metrics) Count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, asked *http.Request) {
		open := m.open.WithLabelValues(overHTTP)
		open.Inc()
		began := time.Now()
		// What follows changes the request, and a fault in it ends it.
		action, err := actionOf(asked)
		route := cmp.Or(ownRoute(asked.URL.Path), action.String())
		counted := kind{protocol: overHTTP, route: route, method: other, tenant: request.TenantOf(asked.Header)}
		if slices.Contains(methods, asked.Method) {
			counted.method = asked.Method
		}
		recorded := &recorder{ResponseWriter: answer}
		returned := false
		defer func() {
			open.Dec()
			if recorded.status == 0 && returned && asked.Context().Err() == nil {
				recorded.status = http.StatusOK
			}
			counted.code = codeOf(recorded.status)
			m.observe(overHTTP, route, time.Since(began))
			m.ended(counted, err == nil && shows(action, recorded.status))
		}()
		next.ServeHTTP(recorded, asked)
		returned = true
	})
}

func ownRoute(path string) string {
	switch path {
	case "/" + readyRoute:
		return readyRoute
	case "/" + metricsRoute:
		return metricsRoute
	default:
		return ""
	}
}

func actionOf(asked *http.Request) (request.Action, error) {
	route, err := request.RouteOf(asked.Method, asked.URL.EscapedPath())
	if err != nil {
		return request.Other, err
	}
	return route.Action, nil
}

// shows reports whether an answer shows that the tenant of the request has a collection.
func shows(action request.Action, status int) bool {
	return (action == request.CreateCollection || action.InCollection()) && status >= 200 && status < 300
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

// Unwrap is for http.ResponseController, which flushes what is streamed.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader remembers the first status that is not informational.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write remembers that without a status it is 200.
func (r *recorder) Write(content []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(content)
}
