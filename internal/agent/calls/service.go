package calls

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/barq-db/barq-operator/internal/agent/refusal"
	"github.com/barq-db/barq-operator/internal/barq/rpc"
)

// Service answers the calls.
type Service struct {
	rpc.UnimplementedBarqServer
	server *way

	lock sync.Mutex
	// version is that of the server, once it is known.
	version string
}

// New returns what asks the server that listens for HTTP at an address, by a way to it.
func New(server string, carries http.RoundTripper) *Service {
	return &Service{server: newWay(server, carries)}
}

// Health answers as long as the server does.
func (s *Service) Health(ctx context.Context, _ *rpc.HealthRequest) (*rpc.HealthResponse, error) {
	if _, err := s.server.send(ctx, http.MethodGet, "/health", nil); err != nil {
		return nil, err
	}
	version, err := s.versionOf(ctx)
	if err != nil {
		return nil, err
	}
	return &rpc.HealthResponse{Ok: true, Version: version}, nil
}

// versionOf returns the version of the server, which is the one of its description. It stays the same, because the agent ends
// with its server.
func (s *Service) versionOf(ctx context.Context) (string, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.version != "" {
		return s.version, nil
	}
	answer, err := s.server.send(ctx, http.MethodGet, "/api-docs/openapi.json", nil)
	if err != nil {
		return "", err
	}
	var described struct {
		Info struct {
			Version string `json:"version"`
		} `json:"info"`
	}
	// A server without it has no version.
	_ = json.Unmarshal(answer.content, &described)
	s.version = described.Info.Version
	return s.version, nil
}

// CreateCollection makes a collection.
func (s *Service) CreateCollection(ctx context.Context, asked *rpc.CreateCollectionRequest) (*rpc.CreateCollectionResponse, error) {
	body, err := json.Marshal(map[string]any{"name": asked.GetName(), "dimension": asked.GetDimension(), "metric": metricOf(asked.GetMetric())})
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	answer, err := s.server.ask(ctx, http.MethodPost, "/collections", body)
	switch {
	case err != nil:
		return nil, err
	case answer.status == http.StatusCreated:
		return &rpc.CreateCollectionResponse{Success: true}, nil
	case asked.GetDimension() != 0:
		return nil, answer.failure()
	}
	// HTTP refuses the dimension first, and gRPC last.
	missing, err := s.missing(ctx, asked.GetName())
	switch {
	case err != nil:
		return nil, err
	case missing == "":
		return nil, status.Errorf(codes.Internal, "catalog error: collection %s already exists", asked.GetName())
	default:
		return nil, status.Error(codes.Internal, "catalog error: invalid schema: vector dimension must be positive")
	}
}

// metricOf returns the name that HTTP has for a metric.
func metricOf(name string) string {
	switch strings.ToUpper(name) {
	case "COSINE":
		return "Cosine"
	case "DOT":
		return "Dot"
	default:
		return "L2"
	}
}

// InsertDocument adds a document.
func (s *Service) InsertDocument(ctx context.Context, asked *rpc.InsertDocumentRequest) (*rpc.InsertDocumentResponse, error) {
	payload := asked.GetPayloadJson()
	complaint, err := s.complaint(ctx, ofPayload, payload)
	if err != nil {
		return nil, err
	}
	if complaint != "" {
		return nil, status.Error(codes.InvalidArgument, "Invalid JSON payload: "+complaint)
	}
	if err := failed(refusal.OfVector(asked.GetVector())); err != nil {
		return nil, err
	}
	body := appendID([]byte(`{"id":`), asked.GetId())
	body = appendVector(append(body, `,"vector":`...), asked.GetVector())
	body = appendLine(append(body, `,"payload":`...), payload)
	answer, err := s.server.ask(ctx, http.MethodPost, pathOf(asked.GetCollection(), "documents"), append(body, '}'))
	if err != nil {
		return nil, err
	}
	if answer.status == http.StatusCreated {
		return &rpc.InsertDocumentResponse{Success: true}, nil
	}
	if answer.unreadable() {
		return nil, status.Error(codes.InvalidArgument, "Invalid JSON payload: "+reason(string(answer.content), payload, 2))
	}
	reason, noID := strings.CutPrefix(answer.told(), "document id error: ")
	if !noID {
		return nil, answer.failure()
	}
	// HTTP refuses the id first, and gRPC looks for the collection first.
	missing, err := s.missing(ctx, asked.GetCollection())
	switch {
	case err != nil:
		return nil, err
	case missing != "":
		return nil, status.Error(codes.Internal, "catalog error: "+missing)
	default:
		return nil, status.Error(codes.Internal, "catalog error: invalid document id: "+reason)
	}
}

// missing returns what is missing of a collection: itself, or its tenant. It is empty if the collection is there.
func (s *Service) missing(ctx context.Context, collection string) (string, error) {
	answer, err := s.server.ask(ctx, http.MethodGet, pathOf(collection, "documents/1"), nil)
	if err != nil || answer.status == http.StatusOK {
		return "", err
	}
	missing := missingIn(answer.told(), collection)
	if missing == "" {
		return "", answer.failure()
	}
	return missing, nil
}
