// Package strictjson reads JSON exactly as Barq DB does, which reads it with serde_json.
//
// What the server takes, it takes, and what the server refuses, it refuses: a number beyond 64
// bits, half of a surrogate pair, a nesting that is too deep, a control character in a text.
// encoding/json differs in each of these. It allocates nothing for a text that is fine, and the
// caller decides what the values mean.
//
// It tells two kinds of refusal apart. Where the bytes are no JSON, a method returns false, and
// Pos is the first byte that cannot be. Where they are JSON that serde_json refuses, the scanner
// goes on and keeps the first Problem. The first may be the rest of a write that was cut off; the
// second was written as it is.
//
// What lives here: bytes, and values whose meaning is not known. What a line of the log is belongs to internal/barq/walline, and what a
// schema is to internal/barq/schema.
package strictjson
