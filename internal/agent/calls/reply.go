package calls

import (
	"encoding/json"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// reply is what the server answers.
type reply struct {
	status  int
	content []byte
}

// told returns what an answer says that is no success.
func (r reply) told() string {
	var failure struct {
		Error *string `json:"error"`
	}
	if json.Unmarshal(r.content, &failure) != nil || failure.Error == nil {
		return string(r.content)
	}
	return *failure.Error
}

// unreadable reports whether the server could not read the body. Then the answer is text, which says why.
func (r reply) unreadable() bool {
	return (r.status == http.StatusBadRequest || r.status == http.StatusUnprocessableEntity) && !json.Valid(r.content)
}

// HTTP says from where in the server an error comes, and gRPC says less of it.
const (
	fromStorage = "storage error: "
	fromCatalog = fromStorage + "catalog error: "
)

// failure is the status of a write that the server refuses.
func (r reply) failure() error {
	return status.Error(codeOf(r.status), strings.TrimPrefix(r.told(), fromStorage))
}

// failureOfSearch is the status of a search that the server refuses.
func (r reply) failureOfSearch(collection string) error {
	text := r.told()
	if missing := missingIn(text, collection); missing != "" {
		return status.Error(codes.NotFound, missing)
	}
	code := codeOf(r.status)
	if r.status == http.StatusTooManyRequests {
		code = codes.ResourceExhausted
	}
	return status.Error(code, strings.TrimPrefix(strings.TrimPrefix(text, fromCatalog), fromStorage))
}

// missingIn returns what is missing according to an error: the collection, or its tenant. It is empty if the error is another.
func missingIn(text, collection string) string {
	reason, is := strings.CutPrefix(text, fromCatalog)
	switch {
	case !is:
		return ""
	case reason == "collection "+collection+" not found", strings.HasPrefix(reason, "tenant ") && strings.HasSuffix(reason, " does not exist"):
		return reason
	default:
		return ""
	}
}

// codeOf returns the code that the server's own gRPC has where HTTP has a status.
func codeOf(httpStatus int) codes.Code {
	switch httpStatus {
	case http.StatusTemporaryRedirect, http.StatusServiceUnavailable:
		// The cluster file says that another pod has it, or none.
		return codes.FailedPrecondition
	case http.StatusInsufficientStorage:
		// The agent says this, not the server.
		return codes.ResourceExhausted
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusNotImplemented:
		return codes.Unimplemented
	default:
		return codes.Internal
	}
}
