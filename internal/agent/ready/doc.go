// Package ready says whether the server can take a call now.
//
// A server whose lock is held, as by a rebuild of an index, answers /health and nothing else. So the question here is a call that
// takes the lock. At most one such call waits at a time, however many ask, so asking is no load.
//
// What lives here: when the server is asked, and which askers share an answer. How it is asked is said in internal/barq/server,
// and what clients are told is said by the doors.
package ready
