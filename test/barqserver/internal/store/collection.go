package store

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
)

// Document is a vector and what belongs to it.
type Document struct {
	ID      ID          `json:"id"`
	Vector  []Component `json:"vector"`
	Payload *Payload    `json:"payload"`
}

// Hit is one result of a search.
type Hit struct {
	ID    ID        `json:"id"`
	Score Component `json:"score"`
}

type entry struct {
	id     ID
	vector []Component
}

// collection holds its documents twice, as Barq DB does: by id, and in an index that
// searches read. The two can differ, because a vector is taken out of the index only
// where replace and remove say so.
type collection struct {
	schema   Schema
	index    []entry
	vectors  map[ID][]Component
	payloads map[ID]*Payload
}

func newCollection(schema Schema) (*collection, error) {
	if err := schema.Validate(); err != nil {
		return nil, err
	}
	return &collection{schema: schema, vectors: map[ID][]Component{}, payloads: map[ID]*Payload{}}, nil
}

// add inserts a document. One of the same id is not refused: its vector stays in the
// index, so searches can still find it.
func (c *collection) add(document Document) error {
	if err := c.schema.admits(document); err != nil {
		return err
	}
	c.index = append(c.index, entry{id: document.ID, vector: document.Vector})
	c.vectors[document.ID] = document.Vector
	if document.Payload != nil {
		c.payloads[document.ID] = document.Payload
	}
	return nil
}

// replace inserts a document in place of the one with its id. Whether there is one is
// told by its payload, so a document without a payload is not replaced but added.
func (c *collection) replace(document Document) error {
	if c.payloads[document.ID] != nil {
		c.remove(document.ID)
	}
	return c.add(document)
}

// remove takes a document out, and of its vectors in the index only the first. It
// tells whether the index had one.
func (c *collection) remove(id ID) bool {
	delete(c.vectors, id)
	delete(c.payloads, id)
	at := slices.IndexFunc(c.index, func(e entry) bool { return e.id == id })
	if at < 0 {
		return false
	}
	last := len(c.index) - 1
	c.index[at] = c.index[last]
	c.index = c.index[:last]
	return true
}

func (c *collection) rebuild(index json.RawMessage) {
	if isNull(index) {
		index = c.schema.vector().Index
	}
	if isNull(index) {
		index = json.RawMessage(`"Flat"`)
	}
	c.schema.vector().Index = index
	c.index = nil
	for id, vector := range c.vectors {
		c.index = append(c.index, entry{id: id, vector: vector})
	}
}

func isNull(value json.RawMessage) bool { return len(value) == 0 || string(value) == "null" }

func (c *collection) get(id ID) *Document {
	vector, found := c.vectors[id]
	if !found {
		return nil
	}
	return &Document{ID: id, Vector: vector, Payload: c.payloads[id]}
}

// search gives the nearest documents. When there are fewer than asked for, they are
// collected a second time and only neighbours of the same id are made one, so
// documents of equal score come up twice.
func (c *collection) search(vector []Component, count int) ([]Hit, error) {
	if err := c.schema.admitsQuery(vector); err != nil {
		return nil, err
	}
	hits := c.nearest(vector, 2*count)
	if len(hits) < count {
		hits = append(hits, c.nearest(vector, 4*count)...)
	}
	slices.SortStableFunc(hits, byScore)
	hits = slices.CompactFunc(hits, func(a, b Hit) bool { return a.ID == b.ID })
	return hits[:min(count, len(hits))], nil
}

func (c *collection) nearest(vector []Component, count int) []Hit {
	hits := make([]Hit, 0, len(c.index))
	for _, entry := range c.index {
		hits = append(hits, Hit{ID: entry.id, Score: Component(c.schema.vector().Metric.score(vector, entry.vector))})
	}
	slices.SortStableFunc(hits, byScore)
	return hits[:min(count, len(hits))]
}

// byScore puts the best hit first. What cannot be compared counts as equal.
func byScore(a, b Hit) int {
	if math.IsNaN(float64(a.Score)) || math.IsNaN(float64(b.Score)) {
		return 0
	}
	return cmp.Compare(b.Score, a.Score)
}

// bytes is what a document counts for, of which Barq DB knows no more than this.
func (c *collection) bytes(id ID) int {
	document := c.get(id)
	if document == nil {
		return 0
	}
	return document.bytes()
}

func (d Document) bytes() int {
	const componentBytes = 4
	size := len(d.Vector) * componentBytes
	if d.Payload != nil {
		size += len(d.Payload.append(nil))
	}
	return size
}
