package cluster

import (
	"fmt"
	"maps"
	"net"
	"slices"
)

// The addresses of Services, and the first of them, which is that of the API
// server itself. Among simulated nodes nothing routes to them.
const serviceAddresses = "10.96.0.0/12"

var firstServiceAddress = net.IPv4(10, 96, 0, 1)

func etcdArguments(d directory, client port) []string {
	url := fmt.Sprintf("http://127.0.0.1:%d", client.Number)
	return []string{
		"--data-dir=" + d.state("etcd"),
		"--listen-client-urls=" + url,
		"--advertise-client-urls=" + url,
		"--socket-reuse-port",
		// The only member has no peers; the port is any that is free.
		"--listen-peer-urls=http://127.0.0.1:0",
		// Its data need not survive the machine.
		"--unsafe-no-fsync",
	}
}

func apiServerArguments(d directory, etcd, server port, realNode *RealNode, audit *Audit) []string {
	return append(append(apiServerAddress(realNode), auditArguments(audit)...),
		fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", etcd.Number),
		fmt.Sprintf("--secure-port=%d", server.Number),
		"--permit-port-sharing",
		"--tls-cert-file="+d.state(servingCertificateFile),
		"--tls-private-key-file="+d.state(servingKeyFile),
		"--cert-dir="+d.state("apiserver"),
		"--token-auth-file="+d.state(tokensFile),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=ServiceAccount",
		"--service-cluster-ip-range="+serviceAddresses,
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file="+d.state(serviceAccountKeyFile),
		"--service-account-signing-key-file="+d.state(serviceAccountKeyFile),
		"--allow-privileged",
		"--profiling=false",
	)
}

// apiServerAddress says where the API server listens and is found.
func apiServerAddress(realNode *RealNode) []string {
	if realNode == nil {
		// A loopback address is not valid in the endpoints of the Service
		// kubernetes, and nothing in this cluster could reach it anyway.
		return []string{"--bind-address=127.0.0.1", "--endpoint-reconciler-type=none"}
	}
	return []string{
		"--bind-address=0.0.0.0",
		"--advertise-address=" + realNode.Address.String(),
		// The kubelet is known by its address; its name resolves nowhere.
		"--kubelet-preferred-address-types=InternalIP",
	}
}

func auditArguments(audit *Audit) []string {
	if audit == nil {
		return nil
	}
	return []string{
		"--audit-policy-file=" + audit.Policy,
		"--audit-log-path=" + audit.Log,
		"--audit-log-mode=blocking",
		// In megabytes. A log that goes on in a second file would be counted short.
		"--audit-log-maxsize=1000000",
	}
}

// featureGates turns features on or off.
func featureGates(gates map[string]bool) []string {
	var arguments []string
	for _, name := range slices.Sorted(maps.Keys(gates)) {
		arguments = append(arguments, fmt.Sprintf("--feature-gates=%s=%t", name, gates[name]))
	}
	return arguments
}

func controllerManagerArguments(d directory, kubeconfig string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--leader-elect=false",
		"--secure-port=0",
		"--use-service-account-credentials",
		"--service-account-private-key-file=" + d.state(serviceAccountKeyFile),
		"--root-ca-file=" + d.state(servingCertificateFile),
		"--service-cluster-ip-range=" + serviceAddresses,
		// Tests make and delete much in a short time; the defaults are for a
		// component that shares the API server with a whole company.
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
		"--profiling=false",
	}
}

func schedulerArguments(kubeconfig string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
		"--profiling=false",
	}
}

func kwokArguments(d directory, kubeconfig string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--config=" + d.state(stagesFile),
		"--manage-all-nodes",
		"--node-lease-duration-seconds=40",
		// Without a port it serves nothing that could collide.
		"--node-port=0",
	}
}
