// Package tracked knows which bytes of the files of a collection are in the archive.
//
// A file is known by its inode, and by its last bytes, because inodes are used again. A file that is not known, as
// all are at the start, is compared with what the archive has under its name, chunk by chunk. A log that becomes a segment
// keeps its chunks.
//
// After a compaction the archive keeps the former segments until it has all of the new one. So every round is one that
// a server can start from.
//
// What lives here: files, and which parts of them become chunks. Writing these to a bucket belongs to
// internal/agent/shipping.
package tracked
