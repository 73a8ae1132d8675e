// Package api answers the HTTP requests of the stand-in.
//
// What lives here: the routes, what their bodies must look like, and which status an
// error becomes. Routes of Barq DB that the stand-in has no use for answer 501: text
// and hybrid search, quotas and compaction. An index that is asked for is written down
// and not built.
package api
