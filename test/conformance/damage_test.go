package conformance

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/privatenetwork"
)

// The form of an insert in the log, and a schema, for tests that write them.
const (
	goodSchema = `{
  "name": "things",
  "fields": [
    {
      "name": "vector",
      "field_type": {
        "Vector": {
          "dimension": 2,
          "metric": "L2",
          "index": null
        }
      },
      "required": true
    }
  ],
  "bm25_config": null,
  "tenant_id": "default"
}`
	goodLine = `{"op":{"Insert":{"id":{"U64":1},"vector":[1.0,0.0],"payload":{"title":"document 1"}}}}`
)

// insertOf is the line of an insert.
func insertOf(id, vector, payload string) string {
	return `{"op":{"Insert":{"id":` + id + `,"vector":` + vector + `,"payload":` + payload + `}}}`
}

// nested is a list in lists, as many as that.
func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// withFiles is a directory with the collection "things" of these two files. An empty
// text stands for no file.
func withFiles(t *testing.T, schema, log string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir()}
	s.write(s.collectionFile("things", "schema.json"), schema)
	if log != "" {
		s.write(s.collectionFile("things", "wal.jsonl"), log)
	}
	return s
}

// Every line of a log must be a write. The server says where in the line it gave up, and neither
// the file nor the number of the line.
func TestLineOnWhichItDoesNotStart(t *testing.T) {
	const two = `{"U64":2}`
	for name, line := range map[string]struct{ text, said string }{
		"torn in a key":                       {`{"op":{"Insert":{"id":{"U64":4},"vec`, unreadable("EOF while parsing a string at line 1 column 36")},
		"torn in a text":                      {`{"op":{"Insert":{"id":{"Str":"fo`, unreadable("EOF while parsing a string at line 1 column 32")},
		"torn in a number":                    {`{"op":{"Insert":{"id":{"U64":4},"vector":[1.`, unreadable("EOF while parsing a value at line 1 column 44")},
		"torn after a number":                 {`{"op":{"Insert":{"id":{"U64":4},"vector":[1.0`, unreadable("EOF while parsing a list at line 1 column 45")},
		"torn after a comma":                  {`{"op":{"Insert":{"id":{"U64":4},"vector":[1.0,`, unreadable("EOF while parsing a value at line 1 column 46")},
		"torn after a vector":                 {`{"op":{"Insert":{"id":{"U64":4},"vector":[1.0,2.0]`, unreadable("EOF while parsing an object at line 1 column 50")},
		"torn in a payload":                   {`{"op":{"Insert":{"id":{"U64":4},"vector":[1.0,2.0],"payload":{"a":[1,`, unreadable("EOF while parsing a value at line 1 column 69")},
		"torn in null":                        {`{"op":{"Insert":{"id":{"U64":4},"vector":[1.0,2.0],"payload":nul`, unreadable("EOF while parsing a value at line 1 column 64")},
		"torn after its first letter":         {`{`, unreadable("EOF while parsing an object at line 1 column 1")},
		"torn before its last letter":         {goodLine[:len(goodLine)-1], unreadable("EOF while parsing an object at line 1 column 85")},
		"a whole record and another":          {goodLine + goodLine, unreadable("trailing characters at line 1 column 87")},
		"a torn record and a whole one":       {`{"op":{"Insert":{"id":{"U64":4},"vec` + goodLine, unreadable("expected `:` at line 1 column 39")},
		"a torn operation and a whole record": {`{"op":{"Ins` + goodLine, unreadable("unknown variant `Ins{`, expected `Insert` or `Delete` at line 1 column 13")},
		"zeros":                               {"\x00\x00\x00\x00", unreadable("expected value at line 1 column 1")},
		"zeros and a record":                  {"\x00" + goodLine, unreadable("expected value at line 1 column 1")},
		"words":                               {"anything", unreadable("expected value at line 1 column 1")},
		"a byte order mark":                   {"\ufeff" + goodLine, unreadable("expected value at line 1 column 1")},
		"bytes that are no UTF-8":             {insertOf(`{"Str":"`+"\xff"+`"}`, "[1.0,2.0]", "null"), report("io error: stream did not contain valid UTF-8", "stream did not contain valid UTF-8")},
		"an object without an operation":      {`{}`, unreadable("missing field `op` at line 1 column 2")},
		"an operation in capital letters":     {`{"OP":{"Delete":{"U64":2}}}`, unreadable("missing field `op` at line 1 column 27")},
		"a number":                            {`7`, unreadable("invalid type: integer `7`, expected struct WalEntry at line 1 column 1")},
		"another operation":                   {`{"op":{"Update":{"U64":1}}}`, unreadable("unknown variant `Update`, expected `Insert` or `Delete` at line 1 column 15")},
		"an operation without its document":   {`{"op":"Insert"}`, unreadable("invalid type: unit variant, expected newtype variant at line 1 column 15")},
		"no operation":                        {`{"op":null}`, unreadable("expected value at line 1 column 7")},
		"two operations":                      {`{"op":{"Delete":{"U64":2},"Insert":{"id":{"U64":2},"vector":[1,2]}}}`, unreadable("expected value at line 1 column 25")},
		"an operation twice":                  {`{"op":{"Delete":{"U64":2}},"op":{"Delete":{"U64":2}}}`, unreadable("duplicate field `op` at line 1 column 31")},
		"a field twice":                       {`{"op":{"Insert":{"id":{"U64":2},"id":{"U64":3},"vector":[1,2],"payload":null}}}`, unreadable("duplicate field `id` at line 1 column 36")},
		"a comma at the end":                  {`{"op":{"Delete":{"U64":2}},}`, unreadable("trailing comma at line 1 column 28")},
		"other quotation marks":               {`{'op':1}`, unreadable("key must be a string at line 1 column 2")},
		"no vector":                           {`{"op":{"Insert":{"id":{"U64":2},"payload":null}}}`, unreadable("missing field `vector` at line 1 column 47")},
		"null in a vector":                    {insertOf(two, "[1.0,null]", "null"), unreadable("invalid type: null, expected f32 at line 1 column 50")},
		"a text in a vector":                  {insertOf(two, `["a",2]`, "null"), unreadable(`invalid type: string "a", expected f32 at line 1 column 45`)},
		"a list in a vector":                  {insertOf(two, "[[1],2]", "null"), unreadable("invalid type: sequence, expected f32 at line 1 column 42")},
		"a truth value in a vector":           {insertOf(two, "[true,2]", "null"), unreadable("invalid type: boolean `true`, expected f32 at line 1 column 46")},
		"an object for a vector":              {insertOf(two, "{}", "null"), unreadable("invalid type: map, expected a sequence at line 1 column 41")},
		"a number that no 64 bits can hold":   {insertOf(two, "[1e400,2.0]", "null"), unreadable("number out of range at line 1 column 47")},
		"the same in a payload":               {insertOf(two, "[1.0,2.0]", "1e400"), unreadable("number out of range at line 1 column 66")},
		"a zero before a number":              {insertOf(two, "[01,2]", "null"), unreadable("invalid number at line 1 column 44")},
		"a plus sign before a number":         {insertOf(two, "[+1,2]", "null"), unreadable("expected value at line 1 column 43")},
		"a control character":                 {insertOf(two, "[1.0,2.0]", "\"a\tb\""), unreadable(`control character (\u0000-\u001F) found while parsing a string at line 1 column 64`)},
		"half of a pair of codes":             {insertOf(two, "[1.0,2.0]", `"\ud800"`), unreadable("unexpected end of hex escape at line 1 column 69")},
		"a payload that is too deep":          {insertOf(two, "[1.0,2.0]", nested(125)), unreadable("recursion limit exceeded at line 1 column 186")},
		"an id below zero":                    {insertOf(`{"U64":-1}`, "[1.0,2.0]", "null"), unreadable("invalid value: integer `-1`, expected u64 at line 1 column 31")},
		"an id with a point":                  {insertOf(`{"U64":1.0}`, "[1.0,2.0]", "null"), unreadable("invalid type: floating point `1.0`, expected u64 at line 1 column 32")},
		"an id with an exponent":              {insertOf(`{"U64":1e2}`, "[1.0,2.0]", "null"), unreadable("invalid type: floating point `100.0`, expected u64 at line 1 column 32")},
		"an id that 64 bits cannot hold":      {insertOf(`{"U64":18446744073709551616}`, "[1.0,2.0]", "null"), unreadable("invalid type: floating point `1.8446744073709552e+19`, expected u64 at line 1 column 49")},
		"another kind of id":                  {insertOf(`{"I64":1}`, "[1.0,2.0]", "null"), unreadable("unknown variant `I64`, expected `U64` or `Str` at line 1 column 28")},
		"an id without its kind":              {insertOf(`7`, "[1.0,2.0]", "null"), unreadable("expected value at line 1 column 23")},
		"the id 0":                            {insertOf(`{"U64":0}`, "[1.0,2.0]", "null"), report("catalog error: invalid document id: document id must be positive, got 0", "invalid document id: document id must be positive, got 0", "document id must be positive, got 0")},
		"an empty id":                         {insertOf(`{"Str":" "}`, "[1.0,2.0]", "null"), report("catalog error: invalid document id: document id string cannot be empty", "invalid document id: document id string cannot be empty", "document id string cannot be empty")},
		"a vector of another dimension":       {insertOf(two, "[1.0]", "null"), refused("invalid schema: vector dimension mismatch: expected 2, got 1")},
	} {
		t.Run(name, func(t *testing.T) {
			// It makes no difference where the line is.
			withFiles(t, goodSchema, goodLine+"\n"+line.text).requireFailure(line.said)
			withFiles(t, goodSchema, line.text+"\n"+goodLine+"\n").requireFailure(line.said)
		})
	}
}

// What else a line may have: an archive may add fields of its own.
func TestLineOnWhichItStarts(t *testing.T) {
	title := func(payload any) client.Document {
		return client.Document{ID: client.Number(1), Vector: []float32{1, 0}, Payload: payload}
	}
	for name, line := range map[string]struct {
		text string
		is   client.Document
	}{
		"fields that it does not know": {
			`{"seq":7,"op":{"Insert":{"at":[1,{"a":null}],"id":{"U64":1},"vector":[1.0,0.0],"payload":5,"by":null}},"ts":"2026"}`, title(5.0),
		},
		"no payload":                 {`{"op":{"Insert":{"id":{"U64":1},"vector":[1.0,0.0]}}}`, title(nil)},
		"fields in another order":    {`{"op":{"Insert":{"payload":"x","vector":[1.0,0.0],"id":{"U64":1}}}}`, title("x")},
		"integers in a vector":       {`{"op":{"Insert":{"id":{"U64":1},"vector":[1,0],"payload":""}}}`, title("")},
		"blanks":                     {" { \"op\" : {\"Insert\":\t{\"id\":{\"U64\":1},\"vector\":[1.0, 0.0],\"payload\":true}}} ", title(true)},
		"a carriage return":          {`{"op":{"Insert":{"id":{"U64":1},"vector":[1.0,0.0],"payload":[]}}}` + "\r", title([]any{})},
		"empty lines":                {"\n \n" + goodLine + "\n\t\r\n\n", title(map[string]any{"title": "document 1"})},
		"no end":                     {goodLine, title(map[string]any{"title": "document 1"})},
		"a deletion of what is gone": {`{"op":{"Delete":{"U64":9}}}` + "\n" + `{"op":{"Delete":{"U64":0}}}` + "\n" + goodLine, title(map[string]any{"title": "document 1"})},
		"an unknown field that is as deep as it likes": {
			`{"deep":` + nested(500) + `,"op":{"Insert":{"id":{"U64":1},"vector":[1.0,0.0],"payload":1}}}`, title(1.0),
		},
	} {
		t.Run(name, func(t *testing.T) {
			withFiles(t, goodSchema, line.text).again().requireAll([]client.Document{line.is})
		})
	}
}

func TestSchemaOnWhichItDoesNotStart(t *testing.T) {
	with := func(old, changed string) string { return strings.Replace(goodSchema, old, changed, 1) }
	text := `"fields": [{"name":"body","field_type":{"Text":{"indexed":true}},"required":true},`
	for name, file := range map[string]struct{ text, said string }{
		"nothing":                            {" ", unreadable("EOF while parsing a value at line 1 column 1")},
		"half of it":                         {goodSchema[:len(goodSchema)/2], unreadable("EOF while parsing a value at line 9 column 9")},
		"all but its last letter":            {goodSchema[:len(goodSchema)-1], unreadable("EOF while parsing an object at line 18 column 0")},
		"words":                              {"anything", unreadable("expected value at line 1 column 1")},
		"no fields":                          {`{"name":"things","fields":[],"bm25_config":null,"tenant_id":"default"}`, refused("invalid schema: schema missing vector field")},
		"an empty name":                      {with("things", " "), refused("invalid schema: collection name cannot be empty")},
		"another name than its folder":       {with("things", "others"), refused("collection things not found")},
		"a dimension of 0":                   {with("2,", "0,"), refused("invalid schema: vector dimension must be positive")},
		"a field twice":                      {with(`"fields": [`, strings.Replace(text, "body", "vector", 1)), refused("invalid schema: duplicate field name: vector")},
		"a field without a name":             {with(`"fields": [`, strings.Replace(text, "body", "", 1)), refused("invalid schema: field name cannot be empty")},
		"an unknown metric":                  {with(`"L2"`, `"l2"`), unreadable("unknown variant `l2`, expected one of `L2`, `Cosine`, `Dot` at line 9 column 24")},
		"an index without its numbers":       {with(`"index": null`, `"index": "Hnsw"`), unreadable("invalid type: unit variant, expected newtype variant at line 11 column 9")},
		"a text that the document has not":   {with(`"fields": [`, text), refused("invalid schema: missing required text field body")},
		"a text that is none in the payload": {with(`"fields": [`, strings.Replace(text, "body", "n", 1)), refused("invalid schema: text field n must be a string")},
	} {
		t.Run(name, func(t *testing.T) {
			withFiles(t, file.text, insertOf(`{"U64":1}`, "[1.0,2.0]", `{"n":1}`)+"\n").requireFailure(file.said)
		})
	}
	t.Run("an empty file", func(t *testing.T) {
		s := withFiles(t, "", goodLine)
		s.requireFailure(unreadable("EOF while parsing a value at line 1 column 0"))
	})
	t.Run("two folders of one name", func(t *testing.T) {
		s := withFiles(t, goodSchema, goodLine)
		s.write(s.collectionFile("copy", "schema.json"), goodSchema)
		s.requireFailure(refused("collection things already exists"))
	})
}

// A folder without a schema.json is skipped. A collection that is made with its name is empty
// until the next start, which brings back what the log of old has.
func TestLogWithoutASchema(t *testing.T) {
	s := &server{t: t, dir: t.TempDir()}
	s.write(s.collectionFile("things", "wal.jsonl"), goodLine+"\n")
	s = s.again()
	s.fill(0)
	missing, err := s.Missing(t.Context(), "things", client.Number(1))
	require.NoError(t, err)
	require.Equal(t, []client.ID{client.Number(1)}, missing)
	s.stop()
	s.again().requireAll(documents(1))
}

// A payload may be deeper in a request than in the log, so two levels are taken and never read again.
func TestDeepPayloadsPoisonTheLog(t *testing.T) {
	for depth, verdict := range map[int]struct {
		status int
		said   string
	}{
		124: {201, ""},
		125: {201, unreadable("recursion limit exceeded at line 1 column 186")},
		126: {201, unreadable("recursion limit exceeded at line 1 column 186")},
		127: {400, ""},
	} {
		s := serve(t, start{})
		s.fill(0)
		body := `{"id":1,"vector":[1.0,2.0],"payload":` + nested(depth) + `}`
		require.Equal(t, verdict.status, s.status("POST", "/collections/things/documents", body), depth)
		s.stop()
		if verdict.said == "" {
			s.again().stop()
		} else {
			s.requireFailure(verdict.said)
		}
	}
}

// In a call of gRPC a payload is by itself, so there are three levels that are never read again.
func TestDeepPayloadsOverRPC(t *testing.T) {
	privatenetwork.Require(t)
	for _, depth := range []int{124, 125, 127, 128} {
		s := serve(t, start{})
		s.fill(0)
		expected := rpcOK
		if depth > 127 {
			expected = rpcInvalidArgument
		}
		require.Equal(t, expected, call(t, "barq.Barq", "InsertDocument", documentWith("things", "1", nested(depth), 1, 0)), depth)
		s.stop()
		if depth == 124 || depth > 127 {
			s.again().stop()
		} else {
			s.requireFailure(unreadable("recursion limit exceeded at line 1 column 186"))
		}
	}
}

// Over gRPC an object with lat and lon stays what it is until it is read from the log. Then it is a point, and
// has no text any more.
func TestPointOverRPCPoisonsTheLog(t *testing.T) {
	privatenetwork.Require(t)
	s := serve(t, start{})
	require.Equal(t, 201, s.status("POST", "/collections",
		`{"name":"things","dimension":2,"metric":"L2","text_fields":[{"name":"body","indexed":true,"required":true}]}`))
	const place = `{"lat":1,"lon":2,"body":"x"}`
	require.Equal(t, 400, s.status("POST", "/collections/things/documents", `{"id":1,"vector":[1,2],"payload":`+place+`}`))
	require.Equal(t, rpcOK, call(t, "barq.Barq", "InsertDocument", documentWith("things", "1", place, 1, 2)))
	found, err := s.Get(t.Context(), "things", client.Number(1))
	require.NoError(t, err)
	require.Equal(t, map[string]any{"lat": 1.0, "lon": 2.0, "body": "x"}, found.Payload)
	s.stop()
	s.requireFailure(refused("invalid schema: missing required text field body"))
}
