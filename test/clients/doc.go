// Package clients runs the clients that Barq DB has upstream, unchanged, once straight at the server and once through the agent,
// and compares each answer.
//
//	make test-clients BARQ_SOURCE=/path/to/barq-db
//	make test-clients BARQ_SOURCE=/path/to/barq-db BARQ_SERVER_BIN=/path/to/barq-server
//
// What lives here: how the clients are built, outside of the work tree, and the calls that they make.
package clients
