// Package barqcluster is what tests do with BarqClusters on a real API server,
// whichever cluster that belongs to: make them, edit them as a person does, wait for
// what their status says, and look at their pods and claims.
//
// What must not live here: starting clusters or operators, and any expectation that
// belongs to one test.
package barqcluster
