// Package refusal says which requests would harm the database, and what to write instead.
//
// The server takes requests after which it does not start, or after which data of others are gone. Each rule here names the
// test in test/conformance that shows the harm. What the server itself refuses is left to the server.
//
// What lives here: pure rules about one request. How a request is read is in internal/barq/request, and what carries it to the server
// in internal/agent/door.
package refusal
