//go:build linux

// Package checked remembers which segments were read and found sound, so that the next start need not
// read them.
//
// A segment is the same if its inode, its size and the times of its last changes are, and the schema
// asks the same of documents. The kernel sets the time of the last change of an inode, and no program can
// set it back. What is remembered is in .agent/checked.json; without that file everything is read.
//
// What lives here: the memory of it. What sound means is in internal/agent/repair.
package checked
