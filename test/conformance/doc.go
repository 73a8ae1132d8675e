// Package conformance says, as tests, what barq-server does:
//
//	go test -count=1 ./test/conformance
//	BARQ_SERVER_BIN=/path/to/barq-server go test -count=1 ./test/conformance
//
// The first runs them against the stand-in of test/barqserver, the second against
// whichever program is named, the real one above all. Both must pass: that is what the
// tests of the operator may rely on, and docs/barq-server.md says in words.
//
// With CONFORMANCE_LONG=1 some do as much as their facts were found with, which takes up to
// an hour. Where the stand-in need not do a thing, the test skips it and says why.
//
// The server is a process on ports that are free. gRPC always has port 50051, so as root on
// Linux the tests run in a network of their own, which has nothing but a loopback
// address; otherwise on the network of the machine, and what needs root is skipped. It knows
// nothing of Kubernetes or of the operator.
package conformance
