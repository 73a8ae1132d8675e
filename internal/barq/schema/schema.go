package schema

import (
	"errors"
	"fmt"
	"strings"

	"github.com/barq-db/barq-operator/internal/barq/strictjson"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// Index is how a collection finds its vectors.
type Index string

// The kinds of index.
const (
	Flat Index = "Flat"
	HNSW Index = "Hnsw"
	IVF  Index = "Ivf"
)

// Schema is what a schema.json says.
type Schema struct {
	Name string
	// Dimension, Metric and IndexSettings are those of the first vector field, the only one that the
	// server uses.
	Dimension int
	Metric    string
	IndexSettings
	// Texts are the fields that must be texts, in their order.
	Texts []walline.Text
}

// ErrTorn is a file that is no whole JSON text. A kill of the server while it wrote one leaves it.
var ErrTorn = errors.New("the file is cut off")

// Parse returns what the file says. The error is ErrTorn, or says why the server does not start
// with it.
func Parse(content []byte) (Schema, error) {
	object, err := strictjson.Whole(content)
	if err != nil {
		return Schema{}, ErrTorn
	}
	var members struct{ name, fields, bm25, tenant strictjson.Value }
	err = object.Members(map[string]*strictjson.Value{
		"name": &members.name, "fields": &members.fields, "bm25_config": &members.bm25, "tenant_id": &members.tenant,
	})
	if err != nil {
		return Schema{}, err
	}
	var schema Schema
	if schema.Name, err = members.name.Text(); err != nil {
		return Schema{}, fmt.Errorf("name: %w", err)
	}
	if err := bm25(members.bm25); err != nil {
		return Schema{}, fmt.Errorf("bm25_config: %w", err)
	}
	if members.tenant != nil {
		if _, err := members.tenant.Text(); err != nil {
			return Schema{}, fmt.Errorf("tenant_id: %w", err)
		}
	}
	fields, err := members.fields.Elements()
	if err != nil {
		return Schema{}, fmt.Errorf("fields: %w", err)
	}
	seen := map[string]bool{}
	for _, content := range fields {
		name, err := schema.field(content)
		if err != nil {
			return Schema{}, fmt.Errorf("field %s: %w", name, err)
		}
		if seen[name] {
			return Schema{}, fmt.Errorf("two fields have the name %s", name)
		}
		seen[name] = true
	}
	if strings.TrimSpace(schema.Name) == "" {
		return Schema{}, errors.New("the collection has no name")
	}
	if schema.Dimension == 0 {
		return Schema{}, errors.New("no field is a vector")
	}
	return schema, nil
}

// Rules is what the schema asks of documents.
func (s Schema) Rules() walline.Rules { return walline.Rules{Dimension: s.Dimension, Texts: s.Texts} }

// field reads a field and returns its name.
func (s *Schema) field(content strictjson.Value) (string, error) {
	var members struct{ name, kind, required strictjson.Value }
	err := content.Members(map[string]*strictjson.Value{
		"name": &members.name, "field_type": &members.kind, "required": &members.required,
	})
	if err != nil {
		return "", err
	}
	name, err := members.name.Text()
	if err != nil {
		return "", fmt.Errorf("name: %w", err)
	}
	required, err := members.required.Boolean()
	if err != nil {
		return name, fmt.Errorf("required: %w", err)
	}
	if strings.TrimSpace(name) == "" {
		return name, errors.New("a field has no name")
	}
	variant, kind, err := members.kind.Variant()
	if err != nil {
		return name, err
	}
	switch variant {
	case "Vector":
		return name, s.vector(kind)
	case "Text":
		var indexed strictjson.Value
		if err := kind.Members(map[string]*strictjson.Value{"indexed": &indexed}); err != nil {
			return name, err
		}
		s.Texts = append(s.Texts, walline.Text{Name: name, Required: required})
		_, err := indexed.Boolean()
		return name, err
	case "Json":
		return name, kind.None()
	default:
		return name, fmt.Errorf("%s is no type of a field", variant)
	}
}

func (s *Schema) vector(content strictjson.Value) error {
	var members struct{ dimension, metric, index strictjson.Value }
	err := content.Members(map[string]*strictjson.Value{
		"dimension": &members.dimension, "metric": &members.metric, "index": &members.index,
	})
	if err != nil {
		return err
	}
	dimension, err := members.dimension.Integer()
	if err != nil {
		return fmt.Errorf("dimension: %w", err)
	}
	if dimension == 0 {
		return errors.New("the dimension is 0")
	}
	metric, empty, err := members.metric.Variant()
	if err != nil {
		return fmt.Errorf("metric: %w", err)
	}
	if metric != "L2" && metric != "Cosine" && metric != "Dot" {
		return fmt.Errorf("%s is no metric", metric)
	}
	if err := empty.None(); err != nil {
		return fmt.Errorf("metric: %w", err)
	}
	settings, err := ParseIndex(members.index)
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	if s.Dimension == 0 {
		// No vector has more components than an int can count.
		s.Dimension = int(min(dimension, 1<<62))
		s.Metric, s.IndexSettings = metric, settings
	}
	return nil
}

// IndexSettings is what is said of an index.
type IndexSettings struct {
	Index Index
	// Lists is nlist of IVF. If it is 0, the server ends at the first document.
	Lists uint64
	// Quantized says that an IVF has pq.
	Quantized bool
}

// ParseIndex reads what is said of an index. With nothing it is a flat one. The error says why the server does not take it.
func ParseIndex(content strictjson.Value) (IndexSettings, error) {
	if content.IsNull() {
		return IndexSettings{Index: Flat}, nil
	}
	variant, parameters, err := content.Variant()
	if err != nil {
		return IndexSettings{}, err
	}
	settings := IndexSettings{Index: Index(variant)}
	switch settings.Index {
	case Flat:
		return settings, parameters.None()
	case HNSW:
		_, err := parameters.Integers("m", "ef_construction", "ef_search")
		return settings, err
	case IVF:
		return settings, settings.lists(parameters)
	default:
		return IndexSettings{}, fmt.Errorf("%s is no index", variant)
	}
}

// Fault returns what makes searches of an index give wrong answers, or "" if nothing does. Of an HNSW they are the farthest documents, and
// with pq every vector is taken for the first one.
func (i IndexSettings) Fault() string {
	switch {
	case i.Index == HNSW:
		return string(HNSW)
	case i.Quantized:
		return "pq"
	default:
		return ""
	}
}

// lists reads the parameters of IVF.
func (i *IndexSettings) lists(parameters strictjson.Value) error {
	numbers, err := parameters.Integers("nlist", "nprobe")
	if err != nil {
		return err
	}
	i.Lists = numbers[0]
	var quantizer strictjson.Value
	if err := parameters.Members(map[string]*strictjson.Value{"pq": &quantizer}); err != nil || quantizer.IsNull() {
		return err
	}
	i.Quantized = true
	sizes, err := quantizer.Integers("segments", "codebook_bits")
	if err == nil && sizes[1] > 255 {
		err = errors.New("codebook_bits is above 255")
	}
	return err
}

func bm25(content strictjson.Value) error {
	if content.IsNull() {
		return nil
	}
	var k1, b strictjson.Value
	if err := content.Members(map[string]*strictjson.Value{"k1": &k1, "b": &b}); err != nil {
		return err
	}
	return errors.Join(k1.Number(), b.Number())
}
