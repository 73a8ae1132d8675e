// Package reapply writes lines into the log of a collection while no server runs.
//
// It brings back what a repair took out, once a person has corrected it. A line goes to the end of the
// log, where it is the last word about its document. So a document that is there is left as it is,
// unless the caller wants it replaced.
//
// What lives here: the check and the write. Where the lines come from is said by the command.
package reapply
