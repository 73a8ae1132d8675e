// Package rpcdoor answers calls of gRPC in place of the server, by asking its HTTP API.
//
// The server's own gRPC takes what poisons its log, listens on IPv4 only, and has no health service and no reflection. It does
// without where its port is taken (TestRPCPortThatIsTaken of test/conformance), so this door is the only one if it is there first.
// The answers are those of the server's own gRPC, field by field (TestRPCAnswersAsTheServer of test/agent), and the rules those
// of HTTP.
//
// What lives here: connections, limits, and what becomes of a call and its answer. What is refused is said in
// internal/agent/refusal, and what the messages are in internal/barq/rpc.
package rpcdoor
