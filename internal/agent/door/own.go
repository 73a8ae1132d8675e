package door

import (
	"errors"
	"net/http"

	"github.com/barq-db/barq-operator/internal/agent/ready"
)

// ReadyPath is where the agent says whether the server can take a call now. The server has no such path.
const ReadyPath = "/ready"

// own returns what answers a request that does not go to the server, or nil.
func (d *Door) own(asked *http.Request) http.HandlerFunc {
	if asked.Method != http.MethodGet && asked.Method != http.MethodHead {
		return nil
	}
	switch asked.URL.Path {
	case ReadyPath:
		return d.ready
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
