package pods

import "net"

// HostAddress returns the address at which a pod reaches this process, which is on the pod's node.
func HostAddress(pod string) (string, error) {
	connection, err := net.Dial("udp", net.JoinHostPort(pod, "9"))
	if err != nil {
		return "", err
	}
	host, _, err := net.SplitHostPort(connection.LocalAddr().String())
	if err := connection.Close(); err != nil {
		return "", err
	}
	return host, err
}
