// Package secrets knows which Secrets a BarqCluster refers to, whether they are
// there, and whether their contents changed.
//
// The contents themselves stay here: what leaves the package are names, keys and
// SHA-256 sums. Nothing in it writes to the API server.
package secrets
