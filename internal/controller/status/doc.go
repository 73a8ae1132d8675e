// Package status reports what runs, and why it does not. It watches a BarqCluster's
// StatefulSet, pods, Services, NetworkPolicy and Secrets, and writes every field of the status that is neither
// the Helm side's nor about volumes. It never calls Helm, changes nothing but the
// status, and lets neither a Secret's content nor a log into it.
//
// Compute is the whole decision, as a pure function from what was observed to
// what the status says; the Reconciler around it reads from caches and writes by
// server-side apply, only when something changed. Times are taken from what Kubernetes
// stores, but for when a missing pod was last there, and events from the difference
// between two statuses, so that a restarted operator says the same and says it once.
package status
