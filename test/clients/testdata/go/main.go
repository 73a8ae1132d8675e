// Program barqclients makes the calls of a file with barq-sdk-go, and prints a line of JSON for each.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	barq "github.com/YASSERRMD/barq-db/barq-sdk-go"
)

type call struct {
	Over       string           `json:"over"`
	Do         string           `json:"do"`
	Collection string           `json:"collection"`
	Dimension  int              `json:"dimension"`
	Metric     string           `json:"metric"`
	Index      any              `json:"index"`
	TextFields []barq.TextField `json:"text_fields"`
	ID         json.RawMessage  `json:"id"`
	Vector     []float32        `json:"vector"`
	Payload    json.RawMessage  `json:"payload"`
	TopK       int              `json:"top_k"`
	Query      string           `json:"query"`
	Filter     any              `json:"filter"`
}

// id is a number or a text, as a caller would have it.
func (c call) id() any {
	var number uint64
	if json.Unmarshal(c.ID, &number) == nil {
		return number
	}
	var text string
	if err := json.Unmarshal(c.ID, &text); err != nil {
		panic(err)
	}
	return text
}

type answer struct {
	Answer any    `json:"answer,omitempty"`
	Error  string `json:"error,omitempty"`
	Lacks  bool   `json:"lacks,omitempty"`
}

// done is the answer of a call that returns an error only.
func done(err error) (any, error) { return true, err }

type method func(context.Context, call) (any, error)

func main() {
	if err := run(os.Args[1], os.Getenv("BARQ_HTTP"), os.Getenv("BARQ_GRPC")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file, address, target string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var calls []call
	if err := json.Unmarshal(data, &calls); err != nil {
		return err
	}
	rpc, err := barq.NewGrpcClient(target)
	if err != nil {
		return err
	}
	defer func() { _ = rpc.Close() }()
	methods := methodsOf(barq.NewClient(barq.Config{BaseURL: address, APIKey: "a key"}), rpc)
	output := json.NewEncoder(os.Stdout)
	for _, call := range calls {
		if err := output.Encode(do(methods[call.Over+" "+call.Do], call)); err != nil {
			return err
		}
	}
	return nil
}

func do(method method, call call) answer {
	if method == nil {
		return answer{Lacks: true}
	}
	got, err := method(context.Background(), call)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Answer: got}
}

func methodsOf(client *barq.Client, rpc *barq.GrpcClient) map[string]method {
	return map[string]method{
		"http create": func(ctx context.Context, c call) (any, error) {
			return done(client.CreateCollection(ctx, barq.CreateCollectionRequest{
				Name: c.Collection, Dimension: c.Dimension, Metric: c.Metric, Index: c.Index, TextFields: c.TextFields,
			}))
		},
		"http insert": func(ctx context.Context, c call) (any, error) {
			return done(client.Insert(ctx, c.Collection, barq.InsertRequest{ID: c.id(), Vector: c.Vector, Payload: c.Payload}))
		},
		"http search": func(ctx context.Context, c call) (any, error) {
			return client.Search(ctx, c.Collection, barq.SearchRequest{Vector: c.Vector, Query: c.Query, TopK: c.TopK, Filter: c.Filter})
		},
		"grpc health": func(ctx context.Context, _ call) (any, error) { return rpc.Health(ctx) },
		"grpc create": func(ctx context.Context, c call) (any, error) {
			return done(rpc.CreateCollection(ctx, c.Collection, c.Dimension, c.Metric))
		},
		"grpc insert": func(ctx context.Context, c call) (any, error) {
			return done(rpc.InsertDocument(ctx, c.Collection, c.id(), c.Vector, c.Payload))
		},
		"grpc search": func(ctx context.Context, c call) (any, error) { return rpc.Search(ctx, c.Collection, c.Vector, c.TopK) },
	}
}
