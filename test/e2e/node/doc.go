// Package node makes this machine a Kubernetes node of its own for a while: a kubelet
// on containerd, a pod network, kube-proxy, a registry on loopback and a storage
// driver, beside the control plane of package cluster. It does so in namespaces of
// the kernel's, with which everything in them ends: see Enclose.
//
// What must not live here: what runs on the node.
package node
