// Package calls answers each call of gRPC by asking the HTTP API of the server.
//
// The answers are those that the server's own gRPC gives, field by field (TestRPCAnswersAsTheServer of test/agent), and the
// rules those of HTTP. TestWhereRPCDiffersFromTheServer has what HTTP does not tell.
//
// What lives here: what becomes of a call, and of the answer to it. What is refused is said in internal/agent/refusal, and
// connections and limits belong to internal/agent/rpcdoor.
package calls
