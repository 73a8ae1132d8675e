// Package digits has a small real data set for the demo: handwritten digits as vectors of 64 numbers. Where it comes from,
// and its licence, is in README.md.
//
// What must not live here: databases, and what the demo says of them.
package digits
