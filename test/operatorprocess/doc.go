// Package operatorprocess runs the operator beside a test cluster, as a process with exactly the permissions
// that it is shipped with: it puts into the cluster what config/ has for it, gives accounts
// kubeconfigs, and starts, stops and kills the process.
//
// What must not live here: starting clusters, making BarqClusters, and what a test expects of the operator.
package operatorprocess
