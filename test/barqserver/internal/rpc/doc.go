// Package rpc answers the gRPC calls of the stand-in.
//
// What lives here: the calls, which ask for no key, know one tenant only, and look at the cluster file for documents
// alone. A search with a filter is unimplemented, as over HTTP.
package rpc
