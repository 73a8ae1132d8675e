package calls

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/barq-db/barq-operator/internal/agent/refusal"
	"github.com/barq-db/barq-operator/internal/barq/rpc"
)

// LargestAnswer is the largest answer to a search that is read, in bytes of JSON, and how many are held at a time.
const LargestAnswer = 16 << 20

var errTooMany = status.Errorf(codes.ResourceExhausted, "the answer has more than %d bytes as JSON; ask for fewer documents", LargestAnswer)

// sizeOfHit is about how many bytes of JSON a hit has.
const sizeOfHit = 64

// SizeOfAnswer returns how large the answer to a call may become.
func SizeOfAnswer(asked any) int64 {
	var hits int64
	switch asked := asked.(type) {
	case *rpc.SearchRequest:
		hits = int64(asked.GetTopK())
	case *rpc.BatchSearchRequest:
		hits = int64(asked.GetTopK()) * int64(len(asked.GetQueries()))
	}
	return min(hits*sizeOfHit, LargestAnswer)
}

// errNoCount is what the server's own gRPC says to a top_k of 0, which HTTP refuses before it looks at anything else. So HTTP
// is asked for 1.
var errNoCount = status.Error(codes.Internal, "index error: search requested top_k=0, but a positive value is required")

// orNoCount returns the error of a search, where 1 was asked for instead of 0.
func orNoCount(err error) error {
	if err == nil || status.Code(err) == codes.Internal {
		return errNoCount
	}
	return err
}

// Search finds the documents that are nearest to a vector.
func (s *Service) Search(ctx context.Context, asked *rpc.SearchRequest) (*rpc.SearchResponse, error) {
	if err := failed(refusal.OfVector(asked.GetVector())); err != nil {
		return nil, err
	}
	body := appendVector([]byte(`{"vector":`), asked.GetVector())
	answer, err := s.server.ask(ctx, http.MethodPost, pathOf(asked.GetCollection(), "search"), appendCount(append(body, ','), asked.GetTopK()))
	if err != nil {
		return nil, err
	}
	var found struct {
		Results []hit `json:"results"`
	}
	err = answer.read(asked.GetCollection(), &found)
	if asked.GetTopK() == 0 {
		err = orNoCount(err)
	}
	if err != nil {
		return nil, err
	}
	return &rpc.SearchResponse{Results: results(found.Results)}, nil
}

// BatchSearch does so for several vectors. HTTP takes less at a time than gRPC, so it can take several requests.
func (s *Service) BatchSearch(ctx context.Context, asked *rpc.BatchSearchRequest) (*rpc.BatchSearchResponse, error) {
	parts, err := s.parts(ctx, asked)
	if err != nil {
		return nil, err
	}
	answer, size := &rpc.BatchSearchResponse{}, 0
	for _, part := range parts {
		replied, err := s.server.ask(ctx, http.MethodPost, pathOf(asked.GetCollection(), "batch_search"), part.body(asked.GetTopK()))
		if err != nil {
			return nil, err
		}
		if size += len(replied.content); size > LargestAnswer {
			return nil, errTooMany
		}
		if replied.unreadable() {
			return nil, s.badFilter(ctx, asked.GetCollection(), part.reason(string(replied.content)))
		}
		var found struct {
			Results []struct {
				Hits []hit `json:"hits"`
			} `json:"results"`
		}
		err = replied.read(asked.GetCollection(), &found)
		if asked.GetTopK() == 0 && slices.ContainsFunc(part, func(query *rpc.SearchQuery) bool { return query.GetFilterJson() == "" }) {
			// With a filter, 0 documents can be asked for.
			err = orNoCount(err)
		}
		if err != nil {
			return nil, err
		}
		for _, one := range found.Results {
			hits := results(one.Hits)
			answer.Results = append(answer.Results, &rpc.QueryResults{Hits: hits[:min(len(hits), int(asked.GetTopK()))]})
		}
	}
	return answer, nil
}

// parts splits a batch into what HTTP takes at a time: at least one part, because the collection is looked for without a query too.
func (s *Service) parts(ctx context.Context, asked *rpc.BatchSearchRequest) ([]part, error) {
	parts, size := []part{nil}, 0
	for _, query := range asked.GetQueries() {
		if err := failed(refusal.OfVector(query.GetVector())); err != nil {
			return nil, err
		}
		if err := s.checkFilter(ctx, asked.GetCollection(), query.GetFilterJson()); err != nil {
			return nil, err
		}
		length := len(appendQuery(nil, query)) + len(",")
		if last := parts[len(parts)-1]; size+length > largestPart && len(last) > 0 {
			parts, size = append(parts, nil), 0
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], query)
		size += length
	}
	return parts, nil
}

// checkFilter refuses what cannot be a part of a body, and what means in one that there is no filter.
func (s *Service) checkFilter(ctx context.Context, collection, filter string) error {
	if filter == "" {
		return nil
	}
	complaint, err := s.complaint(ctx, ofFilter, filter)
	if err != nil {
		return err
	}
	const null = "null"
	if strings.TrimSpace(filter) == null {
		complaint = "invalid type: null, expected internally tagged enum Filter at " + place(filter, strings.Index(filter, null)+len(null))
	}
	if complaint == "" {
		return nil
	}
	return s.badFilter(ctx, collection, complaint)
}

// badFilter is the status of a batch with a filter that is none. HTTP reads the filters before it looks for the collection, and
// gRPC after.
func (s *Service) badFilter(ctx context.Context, collection, complaint string) error {
	missing, err := s.missing(ctx, collection)
	switch {
	case err != nil:
		return err
	case missing != "":
		return status.Error(codes.NotFound, missing)
	default:
		return status.Error(codes.InvalidArgument, "Invalid Filter JSON: "+complaint)
	}
}

// read reads the answer to a search.
func (r reply) read(collection string, into any) error {
	if r.status != http.StatusOK {
		return r.failureOfSearch(collection)
	}
	if err := json.Unmarshal(r.content, into); err != nil {
		return status.Errorf(codes.Internal, "the server's answer cannot be read: %v", err)
	}
	return nil
}

// hit is a document in an answer over HTTP.
type hit struct {
	ID struct {
		U64 *uint64
		Str string
	} `json:"id"`
	// Score is nil where it is no finite number.
	Score *float32 `json:"score"`
}

func results(hits []hit) []*rpc.SearchResult {
	found := make([]*rpc.SearchResult, 0, len(hits))
	for _, one := range hits {
		result := &rpc.SearchResult{Id: one.ID.Str, Score: float32(math.Inf(-1)), PayloadJson: "{}"}
		if one.ID.U64 != nil {
			result.Id = strconv.FormatUint(*one.ID.U64, 10)
		}
		if one.Score != nil {
			// gRPC has no minus before 0.
			result.Score = *one.Score + 0
		}
		found = append(found, result)
	}
	return found
}
