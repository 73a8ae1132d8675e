// Package cluster runs a Kubernetes control plane for tests and demos on the
// local machine: real etcd, kube-apiserver, kube-controller-manager and
// kube-scheduler, and kwok, which simulates nodes, the pods on them, and a
// storage provisioner.
//
// What lives here: starting and stopping these programs, and what makes the
// cluster usable as it is (nodes, a storage class, an administrator's
// kubeconfig). Nothing here may know about Barq DB or its operator; what is
// installed in the cluster is the business of the test that started it. The simulated
// behaviour is in stages/. docs/test-cluster.md tells what is real and what is not.
package cluster
