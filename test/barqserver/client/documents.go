package client

import (
	"context"
	"net/http"
)

// The metrics by which a collection may compare vectors.
const (
	L2     = "L2"
	Cosine = "Cosine"
	Dot    = "Dot"
)

// Collection is what a collection is made of.
type Collection struct {
	Name      string `json:"name"`
	Dimension int    `json:"dimension"`
	Metric    string `json:"metric"`
}

// Document is one vector and what belongs to it.
type Document struct {
	ID      ID        `json:"id"`
	Vector  []float32 `json:"vector"`
	Payload any       `json:"payload,omitempty"`
	// Upsert replaces a document that has the id. It is part of requests only.
	Upsert bool `json:"upsert,omitempty"`
}

// Hit is one result of a search. A higher score is a better one.
type Hit struct {
	ID    ID      `json:"id"`
	Score float32 `json:"score"`
}

// CreateCollection makes a collection. One that exists is an error.
func (c *Client) CreateCollection(ctx context.Context, collection Collection) error {
	return c.call(ctx, http.MethodPost, "/collections", collection, http.StatusCreated, nil)
}

// DeleteCollection removes a collection and its documents.
func (c *Client) DeleteCollection(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodDelete, collectionPath(name), nil, http.StatusNoContent, nil)
}

// Insert adds documents, one request for each, because Barq DB has no other way. It
// stops at the first that is refused.
func (c *Client) Insert(ctx context.Context, collection string, documents ...Document) error {
	for _, document := range documents {
		if err := c.call(ctx, http.MethodPost, collectionPath(collection, "documents"), document, http.StatusCreated, nil); err != nil {
			return err
		}
	}
	return nil
}

// Get gives a document, or nil if the collection has none of that id.
func (c *Client) Get(ctx context.Context, collection string, id ID) (*Document, error) {
	var answer struct {
		Document *Document `json:"document"`
	}
	err := c.call(ctx, http.MethodGet, collectionPath(collection, "documents", id.String()), nil, http.StatusOK, &answer)
	return answer.Document, err
}

// Missing tells which of the ids the collection does not have, by asking for each.
func (c *Client) Missing(ctx context.Context, collection string, ids ...ID) ([]ID, error) {
	var missing []ID
	for _, id := range ids {
		document, err := c.Get(ctx, collection, id)
		if err != nil {
			return nil, err
		}
		if document == nil {
			missing = append(missing, id)
		}
	}
	return missing, nil
}

// Delete removes a document. One that is not there is an error.
func (c *Client) Delete(ctx context.Context, collection string, id ID) error {
	return c.call(ctx, http.MethodDelete, collectionPath(collection, "documents", id.String()), nil, http.StatusNoContent, nil)
}

// Search gives the nearest documents, best first.
func (c *Client) Search(ctx context.Context, collection string, vector []float32, count int) ([]Hit, error) {
	var answer struct {
		Results []Hit `json:"results"`
	}
	query := map[string]any{"vector": vector, "top_k": count}
	err := c.call(ctx, http.MethodPost, collectionPath(collection, "search"), query, http.StatusOK, &answer)
	return answer.Results, err
}

// BatchSearch gives the nearest documents to each of the vectors.
func (c *Client) BatchSearch(ctx context.Context, collection string, vectors [][]float32, count int) ([][]Hit, error) {
	queries := make([]map[string]any, 0, len(vectors))
	for _, vector := range vectors {
		queries = append(queries, map[string]any{"vector": vector})
	}
	var answer struct {
		Results []struct {
			Hits []Hit `json:"hits"`
		} `json:"results"`
	}
	err := c.call(ctx, http.MethodPost, collectionPath(collection, "batch_search"),
		map[string]any{"queries": queries, "top_k": count}, http.StatusOK, &answer)
	hits := make([][]Hit, 0, len(answer.Results))
	for _, result := range answer.Results {
		hits = append(hits, result.Hits)
	}
	return hits, err
}
