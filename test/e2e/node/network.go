package node

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// bridge is what all pods are connected by; it has the gateway's address.
const bridge = "pods"

// podNetwork are the addresses of pods.
const podNetwork = "10.244.0.0/16"

// setUpNetwork makes the bridge before the first pod does, because its address is
// the node's own: the kubelet takes no loopback address.
func setUpNetwork() error {
	for _, command := range []string{
		"ip link set lo up",
		"ip link add " + bridge + " type bridge",
		"ip address add " + gatewayAddress.String() + "/16 dev " + bridge,
		"ip link set " + bridge + " up",
	} {
		arguments := strings.Fields(command)
		if out, err := exec.Command(arguments[0], arguments[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", command, err, out)
		}
	}
	// Pods reach Services, which are behind the gateway.
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o600)
}

const networkConfiguration = `{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "` + bridge + `",
      "isGateway": true,
      "hairpinMode": true,
      "ipam": {
        "type": "host-local",
        "dataDir": "%s",
        "ranges": [[{"subnet": "` + podNetwork + `"}]],
        "routes": [{"dst": "0.0.0.0/0"}]
      }
    }
  ]
}
`
