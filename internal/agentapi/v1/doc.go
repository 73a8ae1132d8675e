// Package v1 is what the agent of a pod says to the operator, in its first version.
//
// An operator meets agents of other versions than its own, because an upgrade of the operator
// restarts no database. So fields are only ever added, and a reader takes a value that it does not
// know for Unknown.
//
// What lives here: types that are written as JSON. How the agent finds out is in internal/agent, and
// what a status makes of it is in internal/status.
package v1
