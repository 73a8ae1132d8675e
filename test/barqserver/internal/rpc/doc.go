// Package rpc answers the gRPC calls of the stand-in.
//
// What lives here: the calls Health, CreateCollection and InsertDocument, which show
// that gRPC asks for no key, knows one tenant only, and looks at the cluster file for
// documents alone. All others are unimplemented. Their few messages are read and written by
// hand, so that nothing has to be generated.
package rpc
