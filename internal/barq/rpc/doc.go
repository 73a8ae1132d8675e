// Package rpc is the contract of gRPC of Barq DB, for those who call it and for those who answer in its place.
//
// What lives here: barq.proto, and what make generate writes from it. What the calls do belongs to internal/agent/rpcdoor.
package rpc
