// Package wal reads the files of the log of a collection of Barq DB, and says what is wrong with them.
//
// The log is wal.jsonl and the files of the folder segments. One line that the server cannot read
// keeps it from starting. Scan says of each such line where it is, what is wrong, and what a repair
// costs: nothing, an acknowledged write, or more than this package can know.
//
// The reasoning about costs: the server writes a record, then its newline, and then answers. So
// within one line only a record right before the newline can have been acknowledged.
//
// What lives here: files of lines. What a line is belongs to internal/barq/walline, and what a repair
// does with one to internal/agent/repair.
package wal
