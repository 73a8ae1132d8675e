// Package gate is what every request of clients passes on its way to the server, over HTTP or gRPC.
//
// The server answers a write that is on no disk yet, and takes writes until the disk is full. The gate holds the answer of a write
// until it is on the disk, and refuses writes while there is little space.
//
// What lives here: what a write has to wait for. How it gets to the disk is in internal/agent/livelog, and which requests do harm
// by what they say in internal/agent/refusal.
package gate
