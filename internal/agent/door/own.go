package door

import (
	"errors"
	"net/http"

	"github.com/barq-db/barq-operator/internal/agent/ready"
	"github.com/barq-db/barq-operator/internal/agent/refusal"
)

// What the agent answers itself. The server has no /ready.
const (
	readyPath   = "/ready"
	metricsPath = "/metrics"
)

// Metrics are what is counted.
type Metrics interface {
	// ServeHTTP answers with all series.
	http.Handler
	// Count counts the requests to a handler.
	Count(next http.Handler) http.Handler
	// Refused counts a request that was refused.
	Refused(reason refusal.Reason)
}

// refuse refuses a request.
func (d *Door) refuse(answer http.ResponseWriter, refused *refusal.Refusal) {
	d.Metrics.Refused(refused.Reason)
	say(answer, refused.Status, refused.Message)
}

// own returns what answers a request that does not go to the server, or nil.
func (d *Door) own(asked *http.Request) http.HandlerFunc {
	if asked.Method != http.MethodGet && asked.Method != http.MethodHead {
		return nil
	}
	switch asked.URL.Path {
	case readyPath:
		return d.ready
	case metricsPath:
		return d.Metrics.ServeHTTP
	default:
		return nil
	}
}

func (d *Door) ready(answer http.ResponseWriter, asked *http.Request) {
	switch err := d.Ready(asked.Context()); {
	case err == nil:
		answer.Header().Set("Content-Type", "application/json")
		// A client that is gone hears nothing.
		_, _ = answer.Write([]byte("{\"ready\":true}\n"))
	case errors.Is(err, ready.ErrBusy):
		sayLater(answer, err.Error())
	default:
		sayLater(answer, NoAnswer)
	}
}

// bare returns what is behind a writer that counts. Only that ends a connection whose body is too large, instead of reading on.
func bare(answer http.ResponseWriter) http.ResponseWriter {
	for {
		counts, is := answer.(interface{ Unwrap() http.ResponseWriter })
		if !is {
			return answer
		}
		answer = counts.Unwrap()
	}
}
