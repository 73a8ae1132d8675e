package node

import (
	"context"
	"fmt"
	"path/filepath"
)

const kubeletConfiguration = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]s
containerRuntimeEndpoint: unix://` + containerdSocket + `
# A process that reaches the node is in its namespaces already.
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
# Many machines that tests run on have cgroups of the first version, and swap.
failCgroupV1: false
failSwapOn: false
cgroupDriver: cgroupfs
# All pods are in one cgroup, which can be removed when they have ended.
cgroupRoot: /%[2]s
enforceNodeAllocatable: []
# The disk is not ours alone.
evictionHard: {nodefs.available: 1%%, imagefs.available: 1%%, memory.available: 50Mi}
imageGCHighThresholdPercent: 100
# Tests wait for what the kubelet does.
syncFrequency: 5s
nodeStatusUpdateFrequency: 5s
serializeImagePulls: false
registryPullQPS: 0
eventRecordQPS: 0
# There is no DNS. At these addresses a pod hears so at once, instead of after seconds.
clusterDNS: [127.0.0.1]
resolvConf: %[3]s
podLogsDir: %[4]s
# The default is on this machine's disk.
volumePluginDir: %[5]s
`

func (n *Node) startKubelet(context.Context) error {
	if err := makeCgroup(n.options.Cgroup); err != nil {
		return err
	}
	kubeconfig, err := n.control.KubeletKubeconfig()
	if err != nil {
		return err
	}
	resolver, err := n.write("resolv.conf", "nameserver 127.0.0.1\n")
	if err != nil {
		return err
	}
	configuration, err := n.write("kubelet.yaml", fmt.Sprintf(kubeletConfiguration,
		gatewayAddress, n.options.Cgroup, resolver, filepath.Join(n.options.Dir, "pods"), n.state("kubelet-plugins")))
	if err != nil {
		return err
	}
	return n.run(kubelet, "--config="+configuration, "--kubeconfig="+kubeconfig, "--root-dir="+kubeletFolder,
		"--hostname-override="+name, "--node-ip="+gatewayAddress.String(), "--cert-dir="+n.state("kubelet"))
}
