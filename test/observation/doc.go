// Package observation has BarqClusters and pods in the states that tests of the status want: one that runs, and pods that
// crash, have no node or do not answer.
//
// What must not live here: expectations, and objects on a real API server, which test/barqcluster makes.
package observation
