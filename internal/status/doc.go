// Package status computes what the status of a BarqCluster says about what runs, and why it does not. Compute is the whole
// decision, as a pure function from what was observed to the fields and conditions of the status controller. It never calls
// Helm: what Helm has done is observed from the conditions of that controller.
//
// Times are taken from what Kubernetes stores, but for when a missing pod was last there, so that a restarted operator says
// the same. Neither a Secret's content nor a log gets into a status.
//
// What must not live here: reads and writes, which belong to internal/controller/status, and what is wrong with one pod,
// which internal/podissue says.
package status
