// Package request reads requests to the HTTP API of Barq DB: what is asked for, and what becomes of it on the disk.
//
// It takes what the server takes, with one difference: the server also reads an object as an array of its members, which no
// client writes.
//
// What lives here: paths and bodies. Which requests do harm is said in internal/agent/refusal.
package request
