package request

import (
	"errors"
	"fmt"

	"github.com/barq-db/barq-operator/internal/barq/schema"
	"github.com/barq-db/barq-operator/internal/barq/strictjson"
)

// Collection is what a request for a new collection says.
type Collection struct {
	Name  string
	Index schema.IndexSettings
}

// ReadCollection reads the body of CreateCollection. It fails where the server does not take name or index; the rest is not read.
func ReadCollection(body []byte) (Collection, error) {
	var name, index strictjson.Value
	if err := members(body, map[string]*strictjson.Value{"name": &name, "index": &index}); err != nil {
		return Collection{}, err
	}
	var found Collection
	var err error
	if found.Name, err = name.Text(); err != nil {
		return found, fmt.Errorf("name: %w", err)
	}
	found.Index, err = indexOf(index)
	return found, err
}

// ReadRebuild reads the body of RebuildIndex. It fails where the server does not take it.
func ReadRebuild(body []byte) (schema.IndexSettings, error) {
	var index strictjson.Value
	if err := members(body, map[string]*strictjson.Value{"index": &index}); err != nil {
		return schema.IndexSettings{}, err
	}
	return indexOf(index)
}

func indexOf(content strictjson.Value) (schema.IndexSettings, error) {
	settings, err := schema.ParseIndex(content)
	if err != nil {
		err = fmt.Errorf("index: %w", err)
	}
	return settings, err
}

// Document is the body of InsertDocument, in pieces as they are written.
type Document struct {
	ID, Vector, Payload strictjson.Value
}

// ReadDocument reads the body of InsertDocument. It fails where a part is not there, or the body is no object.
func ReadDocument(body []byte) (Document, error) {
	var found Document
	err := members(body, map[string]*strictjson.Value{"id": &found.ID, "vector": &found.Vector, "payload": &found.Payload})
	if err == nil && (found.ID == nil || found.Vector == nil) {
		err = errors.New("id or vector is missing")
	}
	return found, err
}

// Line returns the line of the log that the document becomes, but for the form of its numbers.
func (d Document) Line() []byte {
	kind := "U64"
	if d.ID[0] == '"' {
		kind = "Str"
	}
	payload := d.Payload
	if payload == nil {
		payload = strictjson.Value("null")
	}
	return fmt.Appendf(nil, `{"op":{"Insert":{"id":{%q:%s},"vector":%s,"payload":%s}}}`, kind, d.ID, d.Vector, payload)
}

// members reads the members of a body.
func members(body []byte, into map[string]*strictjson.Value) error {
	whole, err := strictjson.Whole(body)
	if err != nil {
		return errors.New("the body is no whole JSON text")
	}
	return whole.Members(into)
}
