// Package signing signs the records in which the operator stores revisions of Helm releases, and verifies them.
//
// A record is a Secret in the namespace of its BarqCluster, so each account that may write Secrets there can write one. A signature
// tells which records the operator has written. It covers the namespace and the name of the Secret, the UID of the
// BarqCluster, the labels that the operator or Helm reads, and the content. The key is in a Secret of the operator's
// own namespace.
//
// What a verified record means, and what is done with any other, is decided in internal/controller/release and internal/controller/rollout.
package signing
