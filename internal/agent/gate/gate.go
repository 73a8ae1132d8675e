package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/request"
)

// Log is the log that writes go to.
type Log interface {
	// Check returns why a write to a collection would not get to the disk, if that is known before.
	Check(collection datadir.Collection) error
	// Commit returns when all that the server has written of a collection is on the disk.
	Commit(ctx context.Context, collection datadir.Collection) error
}

// Space is what is left on the disk.
type Space interface {
	// Check returns why there is none for a write.
	Check() error
}

// Gate is a way to the server. It is an http.RoundTripper.
type Gate struct {
	next  http.RoundTripper
	log   Log
	space Space
}

// New returns a Gate in front of another way. With a log, answers of writes wait for it. Without, they do not wait.
func New(next http.RoundTripper, log Log, space Space) *Gate {
	return &Gate{next: next, log: log, space: space}
}

// RoundTrip carries a request to the server. The answer of a write that succeeded comes once it is on the disk.
func (g *Gate) RoundTrip(asked *http.Request) (*http.Response, error) {
	route, err := request.RouteOf(asked.Method, asked.URL.EscapedPath())
	if err != nil || !writes(route.Action) {
		return g.next.RoundTrip(asked)
	}
	collection, err := collectionOf(asked, route)
	if err != nil {
		return refuse(asked, http.StatusBadRequest, "the body cannot be read: "+err.Error())
	}
	if route.Action == request.InsertDocument || route.Action == request.CreateCollection {
		if err := g.space.Check(); err != nil {
			return refuse(asked, http.StatusInsufficientStorage, err.Error())
		}
	}
	if g.log == nil {
		return g.next.RoundTrip(asked)
	}
	if err := g.log.Check(collection); err != nil {
		return refuse(asked, http.StatusInternalServerError, fmt.Sprintf("the write was not made: %v. The agent writes the log anew; try again", err))
	}
	answer, err := g.next.RoundTrip(asked)
	if err != nil || answer.StatusCode >= http.StatusMultipleChoices {
		return answer, err
	}
	if err := g.log.Commit(asked.Context(), collection); err != nil {
		_ = answer.Body.Close()
		if gone := asked.Context().Err(); gone != nil {
			return nil, gone
		}
		return made(asked, http.StatusInternalServerError, fmt.Sprintf("the write is in the database, and may be gone after a crash of the node: %v. Write it again", err)), nil
	}
	return answer, nil
}

// writes reports whether the server answers an action once it has changed files.
func writes(action request.Action) bool {
	switch action {
	case request.CreateCollection, request.DropCollection, request.InsertDocument, request.DeleteDocument, request.RebuildIndex:
		return true
	default:
		return false
	}
}

// collectionOf returns the collection that a request changes.
func collectionOf(asked *http.Request, route request.Route) (datadir.Collection, error) {
	found := datadir.Collection{Tenant: request.TenantOf(asked.Header), Name: route.Collection}
	if route.Action != request.CreateCollection {
		return found, nil
	}
	if asked.GetBody == nil {
		return found, errors.New("it was not kept")
	}
	again, err := asked.GetBody()
	if err != nil {
		return found, err
	}
	body, err := io.ReadAll(again)
	if err := errors.Join(err, again.Close()); err != nil {
		return found, err
	}
	said, err := request.ReadCollection(body)
	found.Name = said.Name
	return found, err
}

// refuse answers in the place of the server, which is not asked.
func refuse(asked *http.Request, status int, message string) (*http.Response, error) {
	if asked.Body != nil {
		_ = asked.Body.Close()
	}
	return made(asked, status, message), nil
}

// made returns an answer as the server makes it.
func made(asked *http.Request, status int, message string) *http.Response {
	// A text can always be written as JSON.
	content, _ := json.Marshal(map[string]string{"error": message})
	return &http.Response{
		StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), Request: asked,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(content)),
		Body: io.NopCloser(bytes.NewReader(content)),
	}
}
