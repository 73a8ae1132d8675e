// Package shipping writes what the server writes to the archive.
//
// A pass looks at the files of all collections, writes what is new as chunks, and then a round that says what there is. A log is
// cut at the end of its last line. A log that becomes a segment keeps its chunks. Many small chunks become one, which is read
// from the disk again.
//
// A file is known by its inode, and by its last bytes, because inodes are used again. A file that is not known, as
// all are at the start, is compared with what the archive has under its name, chunk by chunk.
//
// After a compaction the archive keeps the former segments until it has all of the new one. So every round is one that
// a server can start from.
//
// What lives here: which bytes are where, and when they move. The form of the archive belongs to
// internal/agent/archive, and the way back to internal/agent/restore.
package shipping
