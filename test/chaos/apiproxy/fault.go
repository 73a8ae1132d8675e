package apiproxy

import (
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Fault is what is wrong with the connection. The zero value is a good one. Shares are parts of all requests that are
// no watches, from 0 to 1.
type Fault struct {
	// Delay is how long each request is kept before it is handed on.
	Delay time.Duration
	// Refused is the share that is answered with Refusal, and never reaches the API server.
	Refused float64
	Refusal Refusal
	// Only limits the share that is refused to the requests for which it is true; nil is all of them.
	Only func(*http.Request) bool
	// Lost is the share that the API server carries out, and whose answer is lost.
	Lost float64
	// Lag is how late each event of a watch arrives.
	Lag time.Duration
}

// Refusal is an answer of an API server that does not do what it is asked for.
type Refusal int

// The refusals.
const (
	// TooManyRequests is an overloaded server, which asks to be asked again in a second.
	TooManyRequests Refusal = iota
	// InternalError is a server that failed.
	InternalError
	// Conflict is a server that has a newer version of what is written. Only requests that write an
	// object that exists get it.
	Conflict
)

// fits tells whether a server could answer so.
func (r Refusal) fits(request *http.Request) bool {
	return r != Conflict || request.Method == http.MethodPut || request.Method == http.MethodPatch
}

func (r Refusal) status() metav1.Status {
	switch r {
	case TooManyRequests:
		return apierrors.NewTooManyRequests("injected: too many requests", 1).ErrStatus
	case InternalError:
		return apierrors.NewInternalError(errInjected).ErrStatus
	default:
		return apierrors.NewConflict(schema.GroupResource{}, "injected", errInjected).ErrStatus
	}
}
