package node

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/barq-db/barq-operator/hack/programs"
)

// The programs that a node is made of.
const (
	containerd  = "containerd"
	kubelet     = "kubelet"
	proxy       = "kube-proxy"
	provisioner = "csi-provisioner"
	resizer     = "csi-resizer"
	helm        = "helm"
	pause       = "pause"
)

// pinned are the programs that are built. Those of the control plane are among them,
// because nothing can be downloaded in the namespaces.
var pinned = []struct {
	module string
	names  []string
	// bare tells whether a bare node has them too.
	bare bool
}{
	{"test/cluster/components", []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", kubelet, proxy}, true},
	{"test/e2e/sidecars", []string{provisioner, resizer}, false},
	{"hack/tools", []string{helm}, false},
}

// pluginFolder is where Debian keeps the plugins of pod networks.
const pluginFolder = "/usr/lib/cni"

// debianProgram is a program, by name or path, and Debian's package of it.
type debianProgram struct{ program, debian string }

// installed are the programs that are not built.
var installed = []debianProgram{
	{containerd, "containerd"},
	{"runc", "runc"},
	{pluginFolder + "/bridge", "containernetworking-plugins"},
	{"iptables", "iptables"},
	{"ip", "iproute2"},
}

// Programs gives the paths of all programs that a node needs by their names, after
// building those that are not in the cache. root is the checkout, and folder is for what the
// cache does not hold. A bare node needs fewer.
func Programs(ctx context.Context, root, folder string, bare bool, out io.Writer) (map[string]string, error) {
	found, err := findInstalled(installed)
	if err != nil {
		return nil, err
	}
	for _, each := range pinned {
		if bare && !each.bare {
			continue
		}
		built, err := programs.Build(ctx, filepath.Join(root, each.module), out, each.names...)
		if err != nil {
			return nil, err
		}
		maps.Copy(found, built)
	}
	found[pause] = filepath.Join(folder, pause)
	return found, buildPause(ctx, root, found[pause])
}

func findInstalled(wanted []debianProgram) (map[string]string, error) {
	found := map[string]string{}
	var missing, packages []string
	for _, each := range wanted {
		path, err := exec.LookPath(each.program)
		if err != nil {
			missing, packages = append(missing, each.program), append(packages, each.debian)
		}
		found[each.program] = path
	}
	if len(packages) > 0 {
		return nil, fmt.Errorf("not installed: %s; on Debian or Ubuntu run `apt-get install %s`",
			strings.Join(missing, ", "), strings.Join(packages, " "))
	}
	return found, nil
}

// buildPause builds what changes with the checkout, and so is not in the cache.
func buildPause(ctx context.Context, root, file string) error {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", file, "./pause")
	build.Dir, build.Env = filepath.Join(root, "test", "e2e"), append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building pause: %w\n%s", err, output)
	}
	return nil
}
