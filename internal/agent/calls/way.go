package calls

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/barq-db/barq-operator/internal/agent/door"
	"github.com/barq-db/barq-operator/internal/agent/refusal"
	"github.com/barq-db/barq-operator/internal/barq/request"
)

// way asks the server over HTTP.
type way struct {
	server string
	client *http.Client
}

func newWay(server string, carries http.RoundTripper) *way {
	return &way{server: "http://" + server, client: &http.Client{
		Transport: carries,
		// A redirect names another pod, without the path.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ask sends a request that no rule refuses. The error is the status of the call.
func (w *way) ask(ctx context.Context, method, path string, body []byte) (reply, error) {
	route, err := request.RouteOf(method, path)
	if err != nil {
		return reply{}, refusedError{&refusal.Refusal{Reason: refusal.Path, Message: err.Error()}}
	}
	if err := failed(refusal.OfRoute(route, tenantOf(ctx))); err != nil {
		return reply{}, err
	}
	if err := failed(refusal.OfBody(route.Action, body, refusal.Options{})); err != nil {
		return reply{}, err
	}
	return w.send(ctx, method, path, body)
}

// failed returns the status of a call that is refused.
func failed(refused *refusal.Refusal) error {
	if refused == nil {
		return nil
	}
	return refusedError{refused}
}

// refusedError is the status of a call that is refused, and says why.
type refusedError struct{ refused *refusal.Refusal }

// Error is the message of the refusal.
func (e refusedError) Error() string { return e.refused.Message }

// GRPCStatus is what the client is told.
func (e refusedError) GRPCStatus() *status.Status {
	return status.New(codes.InvalidArgument, e.refused.Message)
}

// Reason is that of the refusal.
func (e refusedError) Reason() refusal.Reason { return e.refused.Reason }

// tenantOf returns the header with the tenant that the metadata of a call name. Without one it is the server's own.
func tenantOf(ctx context.Context) http.Header {
	header := http.Header{}
	for _, tenant := range metadata.ValueFromIncomingContext(ctx, request.TenantHeader) {
		header.Add(request.TenantHeader, tenant)
	}
	return header
}

// send sends a request as it is.
func (w *way) send(ctx context.Context, method, path string, body []byte) (reply, error) {
	if len(body) > door.LargestBody {
		return reply{}, refusedError{&refusal.Refusal{
			Reason: refusal.Size, Message: fmt.Sprintf("as JSON the call has more than %d bytes; send smaller documents or vectors", door.LargestBody),
		}}
	}
	asked, err := http.NewRequestWithContext(ctx, method, w.server+path, bytes.NewReader(body))
	if err != nil {
		return reply{}, status.Error(codes.Internal, err.Error())
	}
	asked.Header = tenantOf(ctx)
	asked.Header.Set("Content-Type", "application/json")
	answer, err := w.client.Do(asked)
	if err != nil {
		return reply{}, unreachable(ctx)
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(answer.Body, LargestAnswer+1))
	switch {
	case err != nil:
		return reply{}, unreachable(ctx)
	case len(content) > LargestAnswer:
		return reply{}, errTooMany
	}
	return reply{status: answer.StatusCode, content: content}, nil
}

// unreachable is the status of a call that the server has not answered.
func unreachable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return status.FromContextError(err).Err()
	}
	return status.Error(codes.Unavailable, door.NoAnswer)
}

// pathOf is the path of a collection, and of what follows.
func pathOf(collection, rest string) string {
	return fmt.Sprintf("/collections/%s/%s", url.PathEscape(collection), rest)
}
