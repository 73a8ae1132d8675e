// Package status reports what runs. It watches a BarqCluster's StatefulSet, pods,
// volume claims and Secrets, and writes every field of the status that is not the
// Helm side's. It never calls Helm and changes nothing but the status.
//
// Compute is the whole decision, as a pure function from what was observed to
// what the status says; the Reconciler around it reads from caches and writes by
// server-side apply, only when something changed.
package status
