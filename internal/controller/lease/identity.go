package lease

import (
	"fmt"
	"os"
	"strings"
)

// namespaceFile holds the namespace of a pod with a service account.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// OperatorName returns the name under which an operator holds leases: namespace and name of its own
// Lease. Its replicas share that Lease, and no other installation does. The namespace is that of the
// leader election, or that of the pod. Outside of Kubernetes the name is the host's name.
func OperatorName(leaderElectionNamespace, lease string) (string, error) {
	namespace := OperatorNamespace(leaderElectionNamespace)
	if namespace == "" {
		host, err := os.Hostname()
		if err != nil {
			return "", fmt.Errorf("finding a name for the operator: %w; give --leader-election-namespace", err)
		}
		namespace = host
	}
	return namespace + "/" + lease, nil
}

// OperatorNamespace returns the namespace of the operator: that of the leader election, or that of the
// pod. Outside of Kubernetes it is empty.
func OperatorNamespace(leaderElectionNamespace string) string {
	if leaderElectionNamespace != "" {
		return leaderElectionNamespace
	}
	content, err := os.ReadFile(namespaceFile)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}
