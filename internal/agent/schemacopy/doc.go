// Package schemacopy keeps a copy of each schema.json, because a kill of the server while it writes one
// leaves nothing to read.
//
// The copies are in .agent/schemas. A copy is made of a schema that is sound, and goes with its
// collection.
//
// What lives here: the copies. When one is put back is decided in internal/agent/repair.
package schemacopy
