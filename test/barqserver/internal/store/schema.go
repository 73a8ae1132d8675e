package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/barq-db/barq-operator/test/barqserver/internal/serde"
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

// Kind is what a field holds: one of the two, or any JSON.
type Kind struct {
	Vector *VectorKind
	Text   *TextKind
}

// jsonKind is the name of the third kind, which no request can make.
const jsonKind = "Json"

// MarshalJSON writes the kind as schema.json has it.
func (k Kind) MarshalJSON() ([]byte, error) {
	switch {
	case k.Vector != nil:
		return json.Marshal(map[string]any{"Vector": k.Vector})
	case k.Text != nil:
		return json.Marshal(map[string]any{"Text": k.Text})
	}
	return json.Marshal(jsonKind)
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

// read reads schema.json.
func (s *Schema) read(reader *serde.Reader) error {
	return reader.Struct("CollectionSchema",
		serde.Field{Name: "name", Read: into(&s.Name, reader.Text)},
		serde.Field{Name: "fields", Read: func() error {
			return reader.List("a sequence", func() error {
				var field Field
				err := field.read(reader)
				s.Fields = append(s.Fields, field)
				return err
			})
		}},
		serde.Field{Name: "bm25_config", Optional: true, Read: raw(&s.BM25, reader, func() error { _, err := reader.Value(); return err })},
		serde.Field{Name: "tenant_id", Optional: true, Read: into(&s.Tenant, reader.Text)})
}

func (f *Field) read(reader *serde.Reader) error {
	return reader.Struct("FieldSchema",
		serde.Field{Name: "name", Read: into(&f.Name, reader.Text)},
		serde.Field{Name: "field_type", Read: func() error {
			return reader.Enum("one of `Vector`, `Text`, `Json`",
				serde.Variant{Name: "Vector", Read: func() error {
					f.Kind.Vector = &VectorKind{}
					return f.Kind.Vector.read(reader)
				}},
				serde.Variant{Name: "Text", Read: func() error {
					f.Kind.Text = &TextKind{}
					return reader.Struct("variant FieldType::Text", serde.Field{Name: "indexed", Read: into(&f.Kind.Text.Indexed, reader.Bool)})
				}},
				serde.Variant{Name: jsonKind, Unit: func() {}})
		}},
		serde.Field{Name: "required", Read: into(&f.Required, reader.Bool)})
}

func (v *VectorKind) read(reader *serde.Reader) error {
	metric := func(metric Metric) serde.Variant {
		return serde.Variant{Name: string(metric), Unit: func() { v.Metric = metric }}
	}
	return reader.Struct("variant FieldType::Vector",
		serde.Field{Name: "dimension", Read: func() error {
			dimension, err := reader.Natural("usize")
			v.Dimension = int(dimension)
			return err
		}},
		serde.Field{Name: "metric", Read: func() error {
			return reader.Enum("one of `L2`, `Cosine`, `Dot`", metric(L2), metric(Cosine), metric(Dot))
		}},
		serde.Field{Name: "index", Optional: true, Read: raw(&v.Index, reader, func() error { return readIndex(reader) })})
}

// CheckIndex says why the text of an index, which can be missing, is that of none.
func CheckIndex(text json.RawMessage) error {
	if text == nil {
		return nil
	}
	return serde.Read(text, readIndex)
}

// readIndex reads the kind of an index, or null.
func readIndex(reader *serde.Reader) error {
	if missing, err := reader.Null(); missing || err != nil {
		return err
	}
	number := func(name string) serde.Field {
		return serde.Field{Name: name, Read: func() error { _, err := reader.Natural("usize"); return err }}
	}
	parameters := func(name string, fields ...serde.Field) func() error {
		return func() error { return reader.Struct(name, fields...) }
	}
	return reader.Enum("one of `Flat`, `Hnsw`, `Ivf`",
		serde.Variant{Name: "Flat", Unit: func() {}},
		serde.Variant{Name: "Hnsw", Read: parameters("HnswParams", number("m"), number("ef_construction"), number("ef_search"))},
		serde.Variant{Name: "Ivf", Read: parameters("IvfParams", number("nlist"), number("nprobe"), serde.Field{
			Name: "pq", Optional: true, Read: func() error {
				if missing, err := reader.Null(); missing || err != nil {
					return err
				}
				return reader.Struct("PqConfig", number("segments"), number("codebook_bits"))
			},
		})})
}

// into reads a value with a function, and keeps it.
func into[T any](place *T, read func() (T, error)) func() error {
	return func() (err error) {
		*place, err = read()
		return err
	}
}

// raw keeps the text of what a function reads.
func raw(place *json.RawMessage, reader *serde.Reader, read func() error) func() error {
	return func() (err error) {
		*place, err = reader.Raw(read)
		return err
	}
}

// Validate refuses a schema that no collection can have.
func (s Schema) Validate() error {
	if strings.TrimSpace(s.Name) == "" {
		return errors.New("invalid schema: collection name cannot be empty")
	}
	seen := map[string]bool{}
	for _, field := range s.Fields {
		if strings.TrimSpace(field.Name) == "" {
			return errors.New("invalid schema: field name cannot be empty")
		}
		if seen[field.Name] {
			return fmt.Errorf("invalid schema: duplicate field name: %s", field.Name)
		}
		seen[field.Name] = true
	}
	switch vector := s.vector(); {
	case vector == nil:
		return errors.New("invalid schema: schema missing vector field")
	case vector.Dimension == 0:
		return errors.New("invalid schema: vector dimension must be positive")
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
		return fmt.Errorf("invalid document id: %w", err)
	}
	if dimension := s.vector().Dimension; len(document.Vector) != dimension {
		return fmt.Errorf("invalid schema: vector dimension mismatch: expected %d, got %d", dimension, len(document.Vector))
	}
	for _, field := range s.Fields {
		if field.Kind.Text == nil {
			continue
		}
		_, isText, found := document.Payload.text(field.Name)
		if found && !isText {
			return fmt.Errorf("invalid schema: text field %s must be a string", field.Name)
		}
		if !found && field.Required {
			return fmt.Errorf("invalid schema: missing required text field %s", field.Name)
		}
	}
	return nil
}

func (s Schema) admitsQuery(vector []Component) error {
	if dimension := s.vector().Dimension; len(vector) != dimension {
		return fmt.Errorf("index error: vector dimension mismatch: expected %d, got %d", dimension, len(vector))
	}
	return nil
}

// writeSchema writes schema.json where it is, in small pieces: for a moment it is empty, and then torn.
func (s *Store) writeSchema(schema Schema) error {
	folder := collectionPath(schema.Tenant, schema.Name)
	if err := s.root.MkdirAll(folder, 0o755); err != nil {
		return broken(err)
	}
	content, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return err
	}
	return s.writePieces(path.Join(folder, schemaFile), os.O_TRUNC, slices.Collect(slices.Chunk(content, 1))...)
}

// readSchema reads the schema of a folder, if it has one. The folder says whose tenant it is.
func (s *Store) readSchema(tenant, folder string) (schema Schema, found bool, err error) {
	content, err := s.root.ReadFile(path.Join(collectionPath(tenant, folder), schemaFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Schema{}, false, nil
	}
	if err != nil {
		return Schema{}, false, broken(err)
	}
	if err := serde.Read(content, schema.read); err != nil {
		return Schema{}, false, &DataError{"serialization error", err}
	}
	schema.Tenant = tenant
	return schema, true, nil
}
