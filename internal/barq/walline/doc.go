// Package walline reads a line of a log of Barq DB.
//
// A line is a record: one JSON object that inserts or deletes a document. Checker takes exactly the
// lines that the server takes, and says of each other one what is wrong with it.
//
// What lives here: one line as bytes. Lines that were cut off or joined, and the files that they are in,
// belong to internal/barq/wal.
package walline
