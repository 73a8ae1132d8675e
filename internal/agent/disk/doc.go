//go:build linux

// Package disk measures the file system of the data directory, and says when it will be full.
//
// What lives here: sizes and times. What is done about a full disk is said elsewhere.
package disk
