// Package memory measures what the server takes of the memory of its container, and remembers it for the next start.
//
// The server holds all documents in memory, so it takes about as much again when it reads the same data. A container that
// is killed at its limit says nothing; what is remembered says so beforehand. Where nothing is, an Estimate from the logs does.
package memory
