// Package serde reads and writes JSON as Barq DB's library, serde_json, does.
//
// What lives here: how strict it is, the text of its errors with line and column, its
// numbers, and the limit of nesting. Go's encoding/json takes more than serde_json
// does, so a log that stops Barq DB's start would not stop the stand-in's.
// Nothing here knows what a document is.
package serde
