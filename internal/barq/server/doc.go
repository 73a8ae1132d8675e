// Package server asks a Barq DB that runs.
//
// Fence waits until what the server was writing when it was called is written: the server has one lock
// for all that it stores, and a call takes its turn. Reading a document that is not there takes the lock
// and does nothing else: no quota, no metric, no file. So once the answer is here, every write that had
// begun before the call has ended.
//
// What lives here: calls over HTTP. What the answers are good for belongs to the callers.
package server
