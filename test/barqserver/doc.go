// Package barqserver is a small stand-in for barq-server, for tests that need a
// database in a pod and have no image of the real one.
//
// It follows what docs/barq-server.md says, faults included: the environment, the
// ports that open after the replay, the log under BARQ_STORAGE_DIR, the signals, the
// cluster file, the API keys, the metrics, and which settings end the start with which
// exit code. test/conformance holds it to the real server, so that a test of
// the operator that passes with one passes with the other.
//
// Of Barq DB as a database it has next to nothing: it compares a query with every
// vector, knows no filters, no text search and no quotas, and answers 501 there. An index
// that is asked for is written into the schema, and searches do not change.
//
// It reads its files as strictly as Barq DB, and words its failures likewise, because
// programs that watch over a server tell by both what is wrong with its data.
//
// What lives here: the order of a start, and how the process ends.
package barqserver
