// Package wal reads the log of a collection of Barq DB, and says what is wrong with it.
//
// The log is wal.jsonl and the files of the folder segments. A line is a record: one JSON object
// that inserts or deletes a document. One line that the server cannot read keeps it from
// starting. So Checker takes exactly the lines that the server takes, and Scan says of each other
// line where it is, what is wrong, and what a repair costs: nothing, an acknowledged write, or
// more than this package can know.
//
// The reasoning about costs: the server writes a record, then its newline, and then answers. So
// within one line only a record right before the newline can have been acknowledged.
//
// What lives here: lines and files of the log as bytes. What a repair does with them belongs to
// internal/agent/repair.
package wal
