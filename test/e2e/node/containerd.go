package node

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"github.com/barq-db/barq-operator/test/wait"
)

const containerdConfiguration = `version = 2
root = "%[1]s/root"
state = "%[1]s/state"
# It would make a folder on this machine.
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
  address = "` + containerdSocket + `"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "%[2]s"
  # Where root may not protect a process from the kernel's memory shortage, as in many
  # virtual machines and containers, no pod would start.
  restrict_oom_score_adj = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "` + pluginFolder + `"
    conf_dir = "%[1]s/network"
`

const containerdSocket = scratchFolder + "/containerd/containerd.sock"

func (n *Node) startContainerd(ctx context.Context) error {
	folder := n.state(containerd)
	if _, err := n.write("containerd/network/10-pods.conflist",
		fmt.Sprintf(networkConfiguration, filepath.Join(folder, "addresses"))); err != nil {
		return err
	}
	configuration, err := n.write("containerd/config.toml",
		fmt.Sprintf(containerdConfiguration, folder, n.pauseImage()))
	if err != nil {
		return err
	}
	if err := n.run(containerd, "--config", configuration); err != nil {
		return err
	}
	return wait.For(ctx, "containerd to answer", func(context.Context) (bool, error) {
		connection, err := net.DialTimeout("unix", containerdSocket, time.Second)
		if err == nil {
			return true, connection.Close()
		}
		// It does not listen yet.
		return false, nil
	})
}
