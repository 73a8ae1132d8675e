// Package logs writes the log of the stand-in.
//
// What lives here: lines of JSON in the form that Barq DB writes, and RUST_LOG, which
// chooses among them. Of RUST_LOG it knows levels and targets, not spans or fields.
package logs
