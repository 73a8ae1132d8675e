//go:build tools

// Package components pins the Kubernetes components that the test cluster is
// made of. It is a module of its own because k8s.io/kubernetes needs a replace
// directive for each of its staging modules, which must not reach the
// operator's go.mod.
package components

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
	_ "k8s.io/kubernetes/cmd/kubectl"
	_ "sigs.k8s.io/kwok/cmd/kwok"
)
