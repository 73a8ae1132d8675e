// Package agent tests the program barq-agent with the server that it is the parent of: the real
// barq-server that BARQ_SERVER_BIN names, or the stand-in.
//
//	make test-agent
//	make test-agent BARQ_SERVER_BIN=/path/to/barq-server
//
// What lives here: what two processes do together. What a repair does to a file is tested in
// internal/agent/repair.
package agent
