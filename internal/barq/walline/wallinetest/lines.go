// Package wallinetest has lines of a log, good and bad, for tests of what reads a log.
package wallinetest

import (
	"strings"

	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// Rules are those of the collection that the lines are for.
func Rules() walline.Rules {
	return walline.Rules{Dimension: 2, Texts: []walline.Text{{Name: "body", Required: true}, {Name: "note"}}}
}

// Schema is the schema.json of that collection, whose name is things.
const Schema = `{"name":"things","fields":[
	{"name":"vector","field_type":{"Vector":{"dimension":2,"metric":"L2","index":null}},"required":true},
	{"name":"body","field_type":{"Text":{"indexed":true}},"required":true},
	{"name":"note","field_type":{"Text":{"indexed":false}},"required":false}],
	"bm25_config":null,"tenant_id":"default"}`

// WrittenSchema is the schema.json of a collection with one text, byte by byte as the server writes it.
const WrittenSchema = `{
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
    },
    {
      "name": "body",
      "field_type": {
        "Text": {
          "indexed": true
        }
      },
      "required": true
    }
  ],
  "bm25_config": null,
  "tenant_id": "default"
}`

// Lines of the collection with one text, and what is no line: Poison has no number in its vector, Foreign has another
// dimension, and Torn was cut off.
const (
	One     = `{"op":{"Insert":{"id":{"U64":1},"vector":[1.0,2.0],"payload":{"body":"one"}}}}`
	Two     = `{"op":{"Insert":{"id":{"Str":"two"},"vector":[0.5,-2.0],"payload":{"body":"two"}}}}`
	Gone    = `{"op":{"Delete":{"U64":1}}}`
	Poison  = `{"op":{"Insert":{"id":{"U64":3},"vector":[null,2.0],"payload":{"body":"three"}}}}`
	Foreign = `{"op":{"Insert":{"id":{"U64":3},"vector":[1.0,2.0,3.0],"payload":{"body":"three"}}}}`
	Torn    = `{"op":{"Insert":{"id":{"U64":4},"vector":[1.0,2`
)

const blanks = " \t\r"

// insert returns a line of an id, a vector and a payload.
func insert(id, vector, payload string) string {
	return `{"op":{"Insert":{"id":` + id + `,"vector":` + vector + `,"payload":` + payload + `}}}`
}

// number returns a line with a number in its vector.
func number(token string) string { return insert(`{"U64":1}`, "["+token+",1.0]", `{"body":"b"}`) }

// nested returns a line whose payload has arrays and objects of a depth.
func nested(depth int) string {
	return insert(`{"U64":1}`, "[1.0,2.0]", `{"body":"b","n":`+strings.Repeat("[", depth-1)+strings.Repeat("]", depth-1)+`}`)
}

// Lines returns lines without their newline, and what each is. Each was given to the types of the
// real server, with serde_json 1.0.154.
func Lines() map[string]walline.Kind {
	good := insert(`{"U64":1}`, "[1.0,2.0]", `{"body":"b"}`)
	return map[string]walline.Kind{
		good:                            walline.Good,
		`{"op":{"Delete":{"U64":1}}}`:   walline.Good,
		`{"op":{"Delete":{"Str":"b"}}}`: walline.Good,
		// The server does not look at the id that it deletes.
		`{"op":{"Delete":{"U64":0}}}`:  walline.Good,
		`{"op":{"Delete":{"Str":""}}}`: walline.Good,
		// What it reads beyond what it writes.
		`{"seq":1,"op":{"Delete":{"U64":1}},"ts":{"a":[1e999,"\ud800"]}}`:                             walline.Good,
		`{"op":{"Insert":{"x":1,"vector":[1,2],"id":{"Str":"a"},"payload":{"body":"b","note":""}}}}`:  walline.Good,
		`{"x":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `,"op":{"Delete":{"U64":1}}}`: walline.Good,
		" \t" + good + " \r":                              walline.Good,
		`[{"Insert":[{"U64":1},[1.0,2.0],{"body":"b"}]}]`: walline.Good,
		`{"\u006fp":{"Insert":{"id":{"U64":1},"vector":[1,2],"payload":{"b\u006fdy":"b"}}}}`: walline.Good,
		insert(`{"U64":18446744073709551615}`, "[-0.0,1e-7]", `{"body":"\ud83d\ude00"}`):     walline.Good,
		insert(`{"U64":1}`, "[1,2]", `{"body":1,"body":"b"}`):                                walline.Good,
		insert(`{"U64":1}`, "[1,2]", `{"lat":1,"lon":"2","body":"b"}`):                       walline.Good,
		insert(`{"U64":1}`, "[1,2]", `{"lat":1,"lat":2,"lon":3,"body":"b"}`):                 walline.Good,

		"": walline.Blank, blanks: walline.Blank, "\u3000\u0085": walline.Blank,

		// Numbers.
		number("1e39"): walline.Good, number("1e308"): walline.Good, number("-1e-400"): walline.Good, number("0e999"): walline.Good,
		number("1e400"): walline.OutOfRange, number("1" + strings.Repeat("0", 309)): walline.OutOfRange, number("1e99999999999"): walline.OutOfRange,
		number("null"): walline.NoNumber, number(`"1"`): walline.Foreign, number("[1]"): walline.Foreign, number("true"): walline.Foreign,
		number("01"): walline.Torn, number("1."): walline.Torn, number(".5"): walline.Torn, number("+1"): walline.Torn, number("NaN"): walline.Torn, number("1e"): walline.Torn,
		insert(`{"U64":1}`, "[1,2]", `{"body":"b","n":1e400}`): walline.OutOfRange,

		// Ids.
		insert(`{"U64":0}`, "[1,2]", `{"body":"b"}`):                    walline.BadID,
		insert(`{"Str":" \u00a0"}`, "[1,2]", `{"body":"b"}`):            walline.BadID,
		insert(`{"U64":1.0}`, "[1,2]", `{"body":"b"}`):                  walline.Foreign,
		insert(`{"U64":1e2}`, "[1,2]", `{"body":"b"}`):                  walline.Foreign,
		insert(`{"U64":-0}`, "[1,2]", `{"body":"b"}`):                   walline.Foreign,
		insert(`{"U64":18446744073709551616}`, "[1,2]", `{"body":"b"}`): walline.Foreign,
		insert(`{"U64":1,"Str":"a"}`, "[1,2]", `{"body":"b"}`):          walline.Foreign,
		insert(`{"u64":1}`, "[1,2]", `{"body":"b"}`):                    walline.Foreign,
		insert(`1`, "[1,2]", `{"body":"b"}`):                            walline.Foreign,

		// Members.
		`{"op":{"Delete":{"U64":1}},"op":{"Delete":{"U64":1}}}`:                           walline.Foreign,
		`{"op":{"Delete":{"U64":1},"Insert":{}}}`:                                         walline.Foreign,
		`{"op":{"Insert":{"id":{"U64":1},"id":{"U64":1},"vector":[1,2]}}}`:                walline.Foreign,
		`{"op":{"Insert":{"id":{"U64":1}}}}`:                                              walline.Foreign,
		`{"op":{"Insert":{"id":{"U64":1},"vector":[1,2],"payload":null,"payload":null}}}`: walline.Foreign,
		`{"op":{"Upsert":{"U64":1}}}`:                                                     walline.Foreign,
		`{"op":{}}`:                                                                       walline.Foreign, `{"op":"Insert"}`: walline.Foreign, `{}`: walline.Foreign, `1`: walline.Foreign, `[]`: walline.Foreign,
		`{"OP":{"Delete":{"U64":1}}}`:                  walline.Foreign,
		`{"op":{"Delete":{"U64":1}},"\ud800":1}`:       walline.Foreign,
		`{"op":{"Delete":{"Str":"\ud800"}}}`:           walline.Foreign,
		`{"op":{"Delete":{"Str":"\udc00"}}}`:           walline.Foreign,
		`{"op":{"Delete":{"Str":"\ud800\u0041"}}}`:     walline.Foreign,
		`[{"Insert":[{"U64":1},[1.0,2.0]]}]`:           walline.Foreign,
		`[{"Insert":[{"U64":1},[1.0,2.0],null,null]}]`: walline.Foreign,

		// Against the schema.
		insert(`{"U64":1}`, "[1.0]", `{"body":"b"}`):                 walline.WrongDimension,
		insert(`{"U64":1}`, "[]", `{"body":"b"}`):                    walline.WrongDimension,
		insert(`{"U64":1}`, "[1,2]", `null`):                         walline.WrongText,
		insert(`{"U64":1}`, "[1,2]", `{}`):                           walline.WrongText,
		insert(`{"U64":1}`, "[1,2]", `{"body":1}`):                   walline.WrongText,
		insert(`{"U64":1}`, "[1,2]", `{"body":"b","note":null}`):     walline.WrongText,
		insert(`{"U64":1}`, "[1,2]", `{"body":"b","body":null}`):     walline.WrongText,
		`{"op":{"Insert":{"id":{"U64":1},"vector":[1,2]}}}`:          walline.WrongText,
		insert(`{"U64":1}`, "[1,2]", `{"lat":1,"lon":2,"body":"b"}`): walline.PointForText,

		// Depth. The line, op, Insert and the payload itself count.
		nested(124): walline.Good, nested(125): walline.TooDeep,

		// Bytes.
		"\ufeff" + good: walline.Torn, good + good: walline.Torn, good + "x": walline.Torn, good[:len(good)-1]: walline.Torn,
		"\x00\x00": walline.Torn, "\x00" + good: walline.Torn,
		insert(`{"U64":1}`, "[1,2]", "{\"body\":\"\x01\"}"): walline.Torn,
		insert(`{"U64":1}`, "[1,2]", "{\"body\":\"\t\"}"):   walline.Torn,
		insert(`{"U64":1}`, "[1,2]", `{"body":"\x"}`):       walline.Torn,
		insert(`{"U64":1}`, "[1,2]", `{"body":"\u12g4"}`):   walline.Torn,
		insert(`{"U64":1}`, "[1,2,]", `{"body":"b"}`):       walline.Torn,
		insert(`{"U64":1}`, "[1.0,2.0,]", `{"body":"b"}`):   walline.Torn,
		insert(`{"U64":1}`, "[1.0,", ``):                    walline.Torn,
		insert(`{"U64":1}`, "[1 2]", `{"body":"b"}`):        walline.Torn,
		insert(`{"U64":1}`, "[1,2]", "{\"body\":\"\xff\"}"): walline.NotUTF8,
		"{\"\xff\":1,\"op\":{\"Delete\":{\"U64\":1}}}":      walline.NotUTF8,
	}
}
