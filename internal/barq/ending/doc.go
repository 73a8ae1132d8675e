// Package ending says why a process of Barq DB ended, by its exit code and its last words.
//
// The server names no file: that a line of a log cannot be read is all that it says. Which file
// and line that is belongs to internal/agent/repair. The words are those of version 0.1.0, and
// docs/barq-server.md has the test of each. Words that are not known have the reason Unknown, and
// the message does not repeat them: they may hold a credential.
//
// What lives here: the reading of exit codes and words. The function is pure.
package ending
