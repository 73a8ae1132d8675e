// Package status keeps the status of BarqClusters true. It watches a BarqCluster's
// StatefulSet, pods, Services, NetworkPolicy and Secrets. It writes every field of the status but those of the
// controllers of release, volumes and lease. What the status says is computed in internal/status.
//
// The Reconciler reads from caches and writes by server-side apply, only when something changed. Events come
// from the difference between two statuses, so that a restarted operator says them once. It changes nothing but
// the status.
package status
