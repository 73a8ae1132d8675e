package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Schema says what a collection is made of. It is the form of schema.json.
type Schema struct {
	Name   string  `json:"name"`
	Fields []Field `json:"fields"`
	// BM25 is kept for the database that knows it.
	BM25   json.RawMessage `json:"bm25_config"`
	Tenant string          `json:"tenant_id"`
}

// Field is one field of a schema.
type Field struct {
	Name     string `json:"name"`
	Kind     Kind   `json:"field_type"`
	Required bool   `json:"required"`
}

// Kind is what a field holds: exactly one of the two.
type Kind struct {
	Vector *VectorKind `json:"Vector,omitempty"`
	Text   *TextKind   `json:"Text,omitempty"`
}

// VectorKind is a field of vectors.
type VectorKind struct {
	Dimension int    `json:"dimension"`
	Metric    Metric `json:"metric"`
	// Index is kept for the database that knows it; here every search compares with
	// all vectors.
	Index json.RawMessage `json:"index"`
}

// TextKind is a field of texts.
type TextKind struct {
	Indexed bool `json:"indexed"`
}

// Validate refuses a schema that no collection can have.
func (s Schema) Validate() error {
	if strings.TrimSpace(s.Name) == "" {
		return errors.New("the collection has no name")
	}
	if s.vector() == nil {
		return fmt.Errorf("collection %s has no vector field", s.Name)
	}
	seen := map[string]bool{}
	for _, field := range s.Fields {
		if strings.TrimSpace(field.Name) == "" {
			return fmt.Errorf("collection %s has a field without a name", s.Name)
		}
		if seen[field.Name] {
			return fmt.Errorf("collection %s has two fields %s", s.Name, field.Name)
		}
		seen[field.Name] = true
	}
	return nil
}

func (s Schema) vector() *VectorKind {
	for _, field := range s.Fields {
		if field.Kind.Vector != nil {
			return field.Kind.Vector
		}
	}
	return nil
}

// admits refuses a document that does not suit the schema.
func (s Schema) admits(document Document) error {
	if err := document.ID.Validate(); err != nil {
		return err
	}
	if err := s.admitsQuery(document.Vector); err != nil {
		return err
	}
	for _, field := range s.Fields {
		if field.Kind.Text == nil {
			continue
		}
		_, isText, found := document.Payload.text(field.Name)
		if found && !isText {
			return fmt.Errorf("field %s of document %s is not a text", field.Name, document.ID)
		}
		if !found && field.Required {
			return fmt.Errorf("document %s has no field %s", document.ID, field.Name)
		}
	}
	return nil
}

func (s Schema) admitsQuery(vector []Component) error {
	if dimension := s.vector().Dimension; len(vector) != dimension {
		return fmt.Errorf("a vector has %d components instead of %d", len(vector), dimension)
	}
	return nil
}
