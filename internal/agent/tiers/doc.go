// Package tiers knows the buckets of a database, and whether each of them can be used.
//
// One of them, the first, has the rounds of the archive and the new chunks. If there are two, old chunks are in the second.
//
// What lives here: which bucket has what, and what it answered last. How a bucket is reached belongs to internal/objectstore,
// and what is in it to internal/agent/archive.
package tiers
