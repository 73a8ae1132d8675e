package schema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/schema"
	"github.com/barq-db/barq-operator/internal/barq/walline"
	"github.com/barq-db/barq-operator/internal/barq/walline/wallinetest"
)

// written is what the server writes.
const written = wallinetest.WrittenSchema

func TestParse(t *testing.T) {
	read, err := schema.Parse([]byte(written))
	require.NoError(t, err)
	require.Equal(t, schema.Schema{
		Name: "things", Dimension: 2, Metric: "L2", IndexSettings: schema.IndexSettings{Index: schema.Flat}, Texts: []walline.Text{{Name: "body", Required: true}},
	}, read)
	require.Equal(t, walline.Rules{Dimension: 2, Texts: []walline.Text{{Name: "body", Required: true}}}, read.Rules())
}

// Each form was given to the server's types and serde_json 1.0.154.
func TestForms(t *testing.T) {
	for change, taken := range map[string]bool{
		`"index": null => "index": "Flat"`:                                                                        true,
		`"index": null => "index": {"Flat": null}`:                                                                true,
		`"index": null => "index": {"Hnsw": {"m": 16, "ef_construction": 64, "ef_search": 64}}`:                   true,
		`"index": null => "index": {"Ivf": {"nlist": 8, "nprobe": 2}}`:                                            true,
		`"index": null => "index": {"Ivf": {"nlist": 8, "nprobe": 2, "pq": {"segments": 4, "codebook_bits": 8}}}`: true,
		`"index": null => "other": [1e999, "\ud800"]`:                                                             true,
		`"metric": "L2" => "metric": {"Dot": null}`:                                                               true,
		`"bm25_config": null, => "bm25_config": {"k1": 1, "b": -0.5e3},`:                                          true,
		`"bm25_config": null, => `:                                                                                true,
		`"name": "things" => "n\u0061me": "\ud83d\ude00"`:                                                         true,
		`"required": true => "required": false`:                                                                   true,
		`{"Text": => {"Text":`:                                                                                    true,

		`"index": null => "index": "Hnsw"`:                                                                          false,
		`"index": null => "index": "Tree"`:                                                                          false,
		`"index": null => "index": {"Flat": {}}`:                                                                    false,
		`"index": null => "index": {}`:                                                                              false,
		`"index": null => "index": {"Hnsw": {"m": 16, "ef_construction": 64}}`:                                      false,
		`"index": null => "index": {"Ivf": {"nlist": -8, "nprobe": 2}}`:                                             false,
		`"index": null => "index": {"Ivf": {"nlist": 8, "nlist": 8, "nprobe": 2}}`:                                  false,
		`"index": null => "index": {"Ivf": {"nlist": 8, "nprobe": 2, "pq": {"segments": 4, "codebook_bits": 256}}}`: false,
		`"index": null => "index": {"Ivf": {"nlist": 8, "nprobe": 2, "pq": 1}}`:                                     false,
		`"metric": "L2" => "metric": "l2"`:                                                                          false,
		`"metric": "L2" => "metric": {"L2": 1}`:                                                                     false,
		`"metric": "L2", => `:                                                                                       false,
		`"dimension": 2 => "dimension": 0`:                                                                          false,
		`"dimension": 2 => "dimension": 2.0`:                                                                        false,
		`"dimension": 2 => "dimension": -2`:                                                                         false,
		`"dimension": 2 => "dimension": "2"`:                                                                        false,
		`"dimension": 2 => "dimension": 2, "dimension": 2`:                                                          false,
		`"Vector": => "Vectors":`:                                                                                   false,
		`"name": "things" => "name": " \u00a0"`:                                                                     false,
		`"name": "things" => "name": 1`:                                                                             false,
		`"name": "things" => "name": "\ud800"`:                                                                      false,
		`"name": "things", => `:                                                                                     false,
		`"name": "body" => "name": ""`:                                                                              false,
		`"name": "body" => "name": "vector"`:                                                                        false,
		`"required": true => "required": 1`:                                                                         false,
		`"required": true => "optional": true`:                                                                      false,
		`"indexed": true => "indexed": null`:                                                                        false,
		`"tenant_id": "default" => "tenant_id": null`:                                                               false,
		`"bm25_config": null => "bm25_config": {"k1": 1}`:                                                           false,
		`"bm25_config": null => "bm25_config": {"k1": 1e999, "b": 1}`:                                               false,
		`"bm25_config": null => "bm25_config": {"k1": "1", "b": 1}`:                                                 false,
		`"fields": [ => "field": [`:                                                                                 false,
		`"fields": [ => "fields": [ 1,`:                                                                             false,
		`"Text" => "Json"`:                                                                                          false,
	} {
		before, after, _ := strings.Cut(change, " => ")
		_, err := schema.Parse([]byte(strings.Replace(written, before, after, 1)))
		require.Equal(t, taken, err == nil, "%s: %v", change, err)
		require.NotErrorIs(t, err, schema.ErrTorn, change)
	}
	_, err := schema.Parse([]byte(`{"name":"a","fields":[]}`))
	require.ErrorContains(t, err, "no field is a vector")
}

// The first vector field counts, and IVF without lists is seen.
func TestVectorFields(t *testing.T) {
	read, err := schema.Parse([]byte(`{"name":"a","fields":[
		{"name":"j","required":false,"field_type":"Json"},
		{"name":"v","required":true,"field_type":{"Vector":{"dimension":3,"metric":"Dot","index":{"Ivf":{"nlist":0,"nprobe":2}}}}},
		{"name":"w","required":true,"field_type":{"Vector":{"dimension":4,"metric":"Cosine"}}}]}`))
	require.NoError(t, err)
	require.Equal(t, schema.Schema{Name: "a", Dimension: 3, Metric: "Dot", IndexSettings: schema.IndexSettings{Index: schema.IVF}}, read)
}

// A file that is cut off anywhere is torn, and nothing else is.
func TestTorn(t *testing.T) {
	for length := range len(written) {
		_, err := schema.Parse([]byte(written[:length]))
		require.ErrorIs(t, err, schema.ErrTorn, "%d bytes", length)
	}
	for _, content := range []string{"\x00\x00\x00", written + "}", written[:40] + "\x00\x00", " \n"} {
		_, err := schema.Parse([]byte(content))
		require.ErrorIs(t, err, schema.ErrTorn, content)
	}
}
