//go:build linux

// Package livelog looks after the logs while the server writes them.
//
// The server opens a log for each write, so the files may change under it: a log that is renamed is
// made anew by the next write. A pass over all collections syncs what has grown, ends a line that
// was cut off, and moves a log that is large or old to the segments, which the server reads before
// the log at its start. A moved log is sealed once the server has let go of it, which the fence of
// internal/barq/server tells.
//
// Everything is done inside the folder that the pass has opened. If a client deletes the collection
// meanwhile and makes it again, that is another folder, and nothing old gets into it.
//
// What lives here: logs of a running server. What is done before its start is in
// internal/agent/repair.
package livelog
