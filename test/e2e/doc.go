// Package e2e tests the operator as people get it: its image in a pod, installed from
// config/default, with real pods, volumes and processes of Barq DB behind every
// BarqCluster, on the cluster that KUBECONFIG names.
//
// `make e2e` brings up such a cluster on this machine (package node) and runs the
// tests on it; with KUBECONFIG=... they run on any other.
//
// What must not live here: how a node is brought up, how images are packed, and
// what can be tested without a kubelet, which is in test/integration.
package e2e
