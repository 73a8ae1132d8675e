// Package rpc is the contract of gRPC of Barq DB, for those who call it and for those who answer in its place.
//
// What lives here: barq.proto, and what make generate writes from it. What becomes of a call belongs to internal/agent/calls.
package rpc
