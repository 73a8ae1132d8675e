package node

import (
	"context"
	"fmt"
)

const proxyConfiguration = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
hostnameOverride: ` + name + `
clientConnection: {kubeconfig: %s}
clusterCIDR: ` + podNetwork + `
# Two pods are on one bridge. Unless the kernel passes that through iptables, which not
# every one does, an answer takes the short way, and comes from another address than was asked.
iptables: {masqueradeAll: true}
# The limits of the kernel stay as they are.
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
`

// startProxy makes Services work, above all that of the API server.
func (n *Node) startProxy(context.Context) error {
	kubeconfig, err := n.control.ProxyKubeconfig()
	if err != nil {
		return err
	}
	configuration, err := n.write("kube-proxy.yaml", fmt.Sprintf(proxyConfiguration, kubeconfig))
	if err != nil {
		return err
	}
	return n.run(proxy, "--config="+configuration)
}
