// Package audit counts the requests that a client made, exactly, from the audit log of the
// API server, and tells which objects they were about.
//
// What lives here: the policy by which the API server writes the log, and the reading of it. Who
// the clients are, and when is counted, is the business of the caller.
package audit
