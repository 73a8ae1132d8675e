// Package rpcdoor stands between the clients with gRPC and the server: it is the only gRPC that a pod has.
//
// The server's own gRPC takes what poisons its log, listens on IPv4 only, and has no health service and no reflection. It does
// without where its port is taken (TestRPCPortThatIsTaken of test/conformance), so this door has to be there first.
//
// What lives here: connections, limits, and the standard services. What a call is answered is said in internal/agent/calls.
package rpcdoor
