// Package store keeps the collections of the stand-in: in memory, and in files of
// the form that Barq DB writes.
//
// What lives here: schemas, documents, the log of writes and its replay, search by
// comparing with every vector, and what a tenant uses. Where Barq DB does something
// that one would not expect, so does this package, and the place says so: tests of
// the operator must not pass on a database that is better than the real one.
// Nothing here knows HTTP.
package store
