// Package shipping writes what the server writes to the archive.
//
// A pass looks at the files of all collections, writes what is new as chunks, and then a round that says what there is. A log is
// cut at the end of its last line. Many small chunks become one, which is read from the disk again.
//
// What lives here: when what is written, moved and deleted. Which bytes are new is said by internal/agent/tracked. The
// form of the archive belongs to internal/agent/archive, and the way back to internal/agent/restore.
package shipping
