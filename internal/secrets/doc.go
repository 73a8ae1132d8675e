// Package secrets knows which Secrets a BarqCluster refers to, whether they are
// there, and whether their contents changed. It also knows whether the account and the
// PriorityClass are there that a BarqCluster names for its pods.
//
// The contents themselves stay here: what leaves the package are names, keys and
// SHA-256 sums. Nothing in it writes to the API server.
package secrets
