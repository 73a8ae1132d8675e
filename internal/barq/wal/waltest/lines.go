// Package waltest has lines of a log, good and bad, for tests of what reads a log.
package waltest

import (
	"strings"

	"github.com/barq-db/barq-operator/internal/barq/wal"
)

// Rules are those of the collection that the lines are for.
func Rules() wal.Rules {
	return wal.Rules{Dimension: 2, Texts: []wal.Text{{Name: "body", Required: true}, {Name: "note"}}}
}

// Schema is the schema.json of that collection, whose name is things.
const Schema = `{"name":"things","fields":[
	{"name":"vector","field_type":{"Vector":{"dimension":2,"metric":"L2","index":null}},"required":true},
	{"name":"body","field_type":{"Text":{"indexed":true}},"required":true},
	{"name":"note","field_type":{"Text":{"indexed":false}},"required":false}],
	"bm25_config":null,"tenant_id":"default"}`

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
func Lines() map[string]wal.Kind {
	good := insert(`{"U64":1}`, "[1.0,2.0]", `{"body":"b"}`)
	return map[string]wal.Kind{
		good:                            wal.Good,
		`{"op":{"Delete":{"U64":1}}}`:   wal.Good,
		`{"op":{"Delete":{"Str":"b"}}}`: wal.Good,
		// The server does not look at the id that it deletes.
		`{"op":{"Delete":{"U64":0}}}`:  wal.Good,
		`{"op":{"Delete":{"Str":""}}}`: wal.Good,
		// What it reads beyond what it writes.
		`{"seq":1,"op":{"Delete":{"U64":1}},"ts":{"a":[1e999,"\ud800"]}}`:                             wal.Good,
		`{"op":{"Insert":{"x":1,"vector":[1,2],"id":{"Str":"a"},"payload":{"body":"b","note":""}}}}`:  wal.Good,
		`{"x":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `,"op":{"Delete":{"U64":1}}}`: wal.Good,
		" \t" + good + " \r":                              wal.Good,
		`[{"Insert":[{"U64":1},[1.0,2.0],{"body":"b"}]}]`: wal.Good,
		`{"\u006fp":{"Insert":{"id":{"U64":1},"vector":[1,2],"payload":{"b\u006fdy":"b"}}}}`: wal.Good,
		insert(`{"U64":18446744073709551615}`, "[-0.0,1e-7]", `{"body":"\ud83d\ude00"}`):     wal.Good,
		insert(`{"U64":1}`, "[1,2]", `{"body":1,"body":"b"}`):                                wal.Good,
		insert(`{"U64":1}`, "[1,2]", `{"lat":1,"lon":"2","body":"b"}`):                       wal.Good,
		insert(`{"U64":1}`, "[1,2]", `{"lat":1,"lat":2,"lon":3,"body":"b"}`):                 wal.Good,

		"": wal.Blank, " \t\r": wal.Blank, "\u3000\u0085": wal.Blank,

		// Numbers.
		number("1e39"): wal.Good, number("1e308"): wal.Good, number("-1e-400"): wal.Good, number("0e999"): wal.Good,
		number("1e400"): wal.OutOfRange, number("1" + strings.Repeat("0", 309)): wal.OutOfRange, number("1e99999999999"): wal.OutOfRange,
		number("null"): wal.NoNumber, number(`"1"`): wal.Foreign, number("[1]"): wal.Foreign, number("true"): wal.Foreign,
		number("01"): wal.Torn, number("1."): wal.Torn, number(".5"): wal.Torn, number("+1"): wal.Torn, number("NaN"): wal.Torn, number("1e"): wal.Torn,
		insert(`{"U64":1}`, "[1,2]", `{"body":"b","n":1e400}`): wal.OutOfRange,

		// Ids.
		insert(`{"U64":0}`, "[1,2]", `{"body":"b"}`):                    wal.BadID,
		insert(`{"Str":" \u00a0"}`, "[1,2]", `{"body":"b"}`):            wal.BadID,
		insert(`{"U64":1.0}`, "[1,2]", `{"body":"b"}`):                  wal.Foreign,
		insert(`{"U64":1e2}`, "[1,2]", `{"body":"b"}`):                  wal.Foreign,
		insert(`{"U64":-0}`, "[1,2]", `{"body":"b"}`):                   wal.Foreign,
		insert(`{"U64":18446744073709551616}`, "[1,2]", `{"body":"b"}`): wal.Foreign,
		insert(`{"U64":1,"Str":"a"}`, "[1,2]", `{"body":"b"}`):          wal.Foreign,
		insert(`{"u64":1}`, "[1,2]", `{"body":"b"}`):                    wal.Foreign,
		insert(`1`, "[1,2]", `{"body":"b"}`):                            wal.Foreign,

		// Members.
		`{"op":{"Delete":{"U64":1}},"op":{"Delete":{"U64":1}}}`:                           wal.Foreign,
		`{"op":{"Delete":{"U64":1},"Insert":{}}}`:                                         wal.Foreign,
		`{"op":{"Insert":{"id":{"U64":1},"id":{"U64":1},"vector":[1,2]}}}`:                wal.Foreign,
		`{"op":{"Insert":{"id":{"U64":1}}}}`:                                              wal.Foreign,
		`{"op":{"Insert":{"id":{"U64":1},"vector":[1,2],"payload":null,"payload":null}}}`: wal.Foreign,
		`{"op":{"Upsert":{"U64":1}}}`:                                                     wal.Foreign,
		`{"op":{}}`:                                                                       wal.Foreign, `{"op":"Insert"}`: wal.Foreign, `{}`: wal.Foreign, `1`: wal.Foreign, `[]`: wal.Foreign,
		`{"OP":{"Delete":{"U64":1}}}`:                  wal.Foreign,
		`{"op":{"Delete":{"U64":1}},"\ud800":1}`:       wal.Foreign,
		`{"op":{"Delete":{"Str":"\ud800"}}}`:           wal.Foreign,
		`{"op":{"Delete":{"Str":"\udc00"}}}`:           wal.Foreign,
		`{"op":{"Delete":{"Str":"\ud800\u0041"}}}`:     wal.Foreign,
		`[{"Insert":[{"U64":1},[1.0,2.0]]}]`:           wal.Foreign,
		`[{"Insert":[{"U64":1},[1.0,2.0],null,null]}]`: wal.Foreign,

		// Against the schema.
		insert(`{"U64":1}`, "[1.0]", `{"body":"b"}`):                 wal.WrongDimension,
		insert(`{"U64":1}`, "[]", `{"body":"b"}`):                    wal.WrongDimension,
		insert(`{"U64":1}`, "[1,2]", `null`):                         wal.WrongText,
		insert(`{"U64":1}`, "[1,2]", `{}`):                           wal.WrongText,
		insert(`{"U64":1}`, "[1,2]", `{"body":1}`):                   wal.WrongText,
		insert(`{"U64":1}`, "[1,2]", `{"body":"b","note":null}`):     wal.WrongText,
		insert(`{"U64":1}`, "[1,2]", `{"body":"b","body":null}`):     wal.WrongText,
		`{"op":{"Insert":{"id":{"U64":1},"vector":[1,2]}}}`:          wal.WrongText,
		insert(`{"U64":1}`, "[1,2]", `{"lat":1,"lon":2,"body":"b"}`): wal.PointForText,

		// Depth. The line, op, Insert and the payload itself count.
		nested(124): wal.Good, nested(125): wal.TooDeep,

		// Bytes.
		"\ufeff" + good: wal.Torn, good + good: wal.Torn, good + "x": wal.Torn, good[:len(good)-1]: wal.Torn,
		"\x00\x00": wal.Torn, "\x00" + good: wal.Torn,
		insert(`{"U64":1}`, "[1,2]", "{\"body\":\"\x01\"}"): wal.Torn,
		insert(`{"U64":1}`, "[1,2]", "{\"body\":\"\t\"}"):   wal.Torn,
		insert(`{"U64":1}`, "[1,2]", `{"body":"\x"}`):       wal.Torn,
		insert(`{"U64":1}`, "[1,2]", `{"body":"\u12g4"}`):   wal.Torn,
		insert(`{"U64":1}`, "[1,2,]", `{"body":"b"}`):       wal.Torn,
		insert(`{"U64":1}`, "[1.0,2.0,]", `{"body":"b"}`):   wal.Torn,
		insert(`{"U64":1}`, "[1.0,", ``):                    wal.Torn,
		insert(`{"U64":1}`, "[1 2]", `{"body":"b"}`):        wal.Torn,
		insert(`{"U64":1}`, "[1,2]", "{\"body\":\"\xff\"}"): wal.NotUTF8,
		"{\"\xff\":1,\"op\":{\"Delete\":{\"U64\":1}}}":      wal.NotUTF8,
	}
}
