// Package volume says which volume a data directory is on, and whether a restore onto it has ended.
//
// An archive goes on from one volume. One that comes back, as from a node that was lost, has another name than the archive
// says, and does not go on with it.
//
// What lives here: one file. What follows from it is said by internal/agent/restore and internal/agent/shipping.
package volume
