package api

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/barq-db/barq-operator/test/barqserver/internal/keys"
	"github.com/barq-db/barq-operator/test/barqserver/internal/store"
)

// newCollection is the body of a request for a collection.
type newCollection struct {
	Name      *string         `json:"name"`
	Dimension *int            `json:"dimension"`
	Metric    *store.Metric   `json:"metric"`
	Index     json.RawMessage `json:"index"`
	BM25      json.RawMessage `json:"bm25_config"`
	Texts     []struct {
		Name     *string `json:"name"`
		Indexed  bool    `json:"indexed"`
		Required bool    `json:"required"`
	} `json:"text_fields"`
}

func (c *newCollection) check() error {
	if err := present(c.Name != nil, c.Dimension != nil, c.Metric != nil); err != nil {
		return err
	}
	for _, text := range c.Texts {
		if err := present(text.Name != nil); err != nil {
			return err
		}
	}
	if *c.Dimension < 0 {
		return errors.New("the dimension is negative")
	}
	return store.CheckIndex(c.Index)
}

func (c *newCollection) schema(tenant string) store.Schema {
	schema := store.Schema{
		Name: *c.Name, Tenant: tenant, BM25: c.BM25,
		Fields: []store.Field{{
			Name: "vector", Required: true,
			Kind: store.Kind{Vector: &store.VectorKind{Dimension: *c.Dimension, Metric: *c.Metric, Index: c.Index}},
		}},
	}
	for _, text := range c.Texts {
		schema.Fields = append(schema.Fields, store.Field{
			Name: *text.Name, Required: text.Required, Kind: store.Kind{Text: &store.TextKind{Indexed: text.Indexed}},
		})
	}
	return schema
}

// rebuildBody is the body of a request for another index.
type rebuildBody struct {
	Index json.RawMessage `json:"index"`
}

func (b *rebuildBody) check() error { return store.CheckIndex(b.Index) }

// inputID is a document's id as it stands in a request.
type inputID struct{ store.ID }

// UnmarshalJSON reads a number or a text.
func (i *inputID) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		i.IsText = true
		return json.Unmarshal(data, &i.Text)
	}
	if err := json.Unmarshal(data, &i.Number); err != nil {
		return fmt.Errorf("id %s is neither a number nor a text", data)
	}
	return nil
}

// newDocument is the body of a request to insert a document.
type newDocument struct {
	ID      *inputID           `json:"id"`
	Vector  *[]store.Component `json:"vector"`
	Payload *store.Payload     `json:"payload"`
	Upsert  bool               `json:"upsert"`
}

func (d *newDocument) check() error { return present(d.ID != nil, d.Vector != nil) }

// query is a vector that is searched for.
type query struct {
	Vector *[]store.Component `json:"vector"`
	Filter json.RawMessage    `json:"filter"`
}

// searchBody is the body of a search.
type searchBody struct {
	query
	Count *int `json:"top_k"`
}

func (b *searchBody) check() error { return present(b.Vector != nil, b.Count != nil && *b.Count >= 0) }

// batchBody is the body of a search for several vectors.
type batchBody struct {
	Queries *[]query `json:"queries"`
	Count   *int     `json:"top_k"`
}

func (b *batchBody) check() error {
	if err := present(b.Queries != nil, b.Count != nil && *b.Count >= 0); err != nil {
		return err
	}
	for _, query := range *b.Queries {
		if err := present(query.Vector != nil); err != nil {
			return err
		}
	}
	return nil
}

// newKey is the body of a request for an API key.
type newKey struct {
	Key  *string    `json:"key"`
	Role *keys.Role `json:"role"`
}

func (k *newKey) check() error {
	if err := present(k.Key != nil, k.Role != nil); err != nil {
		return err
	}
	if !k.Role.Known() {
		return fmt.Errorf("there is no role %q", *k.Role)
	}
	return nil
}

// filtered tells whether a filter is asked for.
func (q query) filtered() bool { return len(q.Filter) > 0 && string(q.Filter) != "null" }
