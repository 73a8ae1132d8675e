package rpc

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	contract "github.com/barq-db/barq-operator/internal/barq/rpc"
	"github.com/barq-db/barq-operator/test/barqserver/internal/keys"
	"github.com/barq-db/barq-operator/test/barqserver/internal/placement"
	"github.com/barq-db/barq-operator/test/barqserver/internal/store"
)

// Server answers calls.
type Server struct {
	contract.UnimplementedBarqServer
	Store  *store.Store
	Router *placement.Router
	// Version is that of Barq DB.
	Version string
}

// New gives what serves the calls.
func (s *Server) New() *grpc.Server {
	server := grpc.NewServer()
	contract.RegisterBarqServer(server, s)
	return server
}

// fromCatalog is what an error begins with that the data does not allow. Searches leave it out.
const fromCatalog = "catalog error: "

func internal(err error) error { return status.Error(codes.Internal, err.Error()) }

// Health is always the same.
func (s *Server) Health(context.Context, *contract.HealthRequest) (*contract.HealthResponse, error) {
	return &contract.HealthResponse{Ok: true, Version: s.Version}, nil
}

// CreateCollection looks neither at keys nor at the cluster file.
func (s *Server) CreateCollection(_ context.Context, asked *contract.CreateCollectionRequest) (*contract.CreateCollectionResponse, error) {
	metric := store.L2
	for _, known := range []store.Metric{store.Cosine, store.Dot} {
		if strings.EqualFold(asked.GetMetric(), string(known)) {
			metric = known
		}
	}
	err := s.Store.CreateCollection(store.Schema{
		Name: asked.GetName(), Tenant: keys.DefaultTenant,
		Fields: []store.Field{{
			Name: "vector", Required: true,
			Kind: store.Kind{Vector: &store.VectorKind{Dimension: int(asked.GetDimension()), Metric: metric}},
		}},
	})
	if err != nil {
		return nil, internal(err)
	}
	return &contract.CreateCollectionResponse{Success: true}, nil
}

// InsertDocument takes numbers that are none.
func (s *Server) InsertDocument(_ context.Context, asked *contract.InsertDocumentRequest) (*contract.InsertDocumentResponse, error) {
	payload, err := store.NewRPCPayload(asked.GetPayloadJson())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, "Invalid JSON payload: "+err.Error())
	}
	// An id that is not allowed is refused with the document.
	id, _ := store.ParseID(asked.GetId())
	if err := s.Router.Write(keys.DefaultTenant + ":" + id.String()); err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	document := store.Document{ID: id, Vector: components(asked.GetVector()), Payload: payload}
	if err := s.Store.Insert(keys.DefaultTenant, asked.GetCollection(), document, false); err != nil {
		return nil, internal(err)
	}
	return &contract.InsertDocumentResponse{Success: true}, nil
}

// Search counts in no metric.
func (s *Server) Search(_ context.Context, asked *contract.SearchRequest) (*contract.SearchResponse, error) {
	if err := s.searchable(asked.GetCollection(), asked.GetTopK()); err != nil {
		return nil, err
	}
	hits, err := s.Store.SearchUncounted(keys.DefaultTenant, asked.GetCollection(), components(asked.GetVector()), int(asked.GetTopK()))
	if err != nil {
		return nil, failedSearch(err)
	}
	return &contract.SearchResponse{Results: results(hits)}, nil
}

// BatchSearch searches for several vectors.
func (s *Server) BatchSearch(_ context.Context, asked *contract.BatchSearchRequest) (*contract.BatchSearchResponse, error) {
	count := asked.GetTopK()
	if len(asked.GetQueries()) == 0 {
		// It does not matter how many are wanted.
		count = 1
	}
	if err := s.searchable(asked.GetCollection(), count); err != nil {
		return nil, err
	}
	var vectors [][]store.Component
	for _, query := range asked.GetQueries() {
		if query.GetFilterJson() != "" {
			return nil, status.Error(codes.Unimplemented, "Barq DB has filters and the stand-in has not")
		}
		vectors = append(vectors, components(query.GetVector()))
	}
	found, err := s.Store.BatchSearch(keys.DefaultTenant, asked.GetCollection(), vectors, int(asked.GetTopK()))
	if err != nil {
		return nil, failedSearch(err)
	}
	answer := &contract.BatchSearchResponse{}
	for _, hits := range found {
		answer.Results = append(answer.Results, &contract.QueryResults{Hits: results(hits)})
	}
	return answer, nil
}

// searchable refuses a search before anything is searched for.
func (s *Server) searchable(collection string, count uint32) error {
	if err := s.Store.Collection(keys.DefaultTenant, collection); err != nil {
		return status.Error(codes.NotFound, strings.TrimPrefix(err.Error(), fromCatalog))
	}
	if count == 0 {
		return status.Error(codes.Internal, "index error: search requested top_k=0, but a positive value is required")
	}
	return nil
}

func failedSearch(err error) error {
	return status.Error(codes.Internal, strings.TrimPrefix(err.Error(), fromCatalog))
}

func components(vector []float32) []store.Component {
	numbers := make([]store.Component, 0, len(vector))
	for _, number := range vector {
		numbers = append(numbers, store.Component(number))
	}
	return numbers
}

func results(hits []store.Hit) []*contract.SearchResult {
	found := make([]*contract.SearchResult, 0, len(hits))
	for _, hit := range hits {
		// A 0 has no minus here, and there is no payload.
		found = append(found, &contract.SearchResult{Id: hit.ID.String(), Score: float32(hit.Score) + 0, PayloadJson: "{}"})
	}
	return found
}
