// Package datadir says where the files of Barq DB are in its data directory.
//
// What lives here: names and paths, and the list of what is there. What the files hold belongs to
// internal/barq/wal and internal/barq/schema.
package datadir
