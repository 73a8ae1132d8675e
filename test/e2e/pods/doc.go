// Package pods reaches into pods: to a port of one on any cluster, and to its processes where the node is this machine.
//
// What must not live here: what the programs in a pod do.
package pods
