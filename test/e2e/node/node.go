package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/barq-db/barq-operator/hack/image"
	"github.com/barq-db/barq-operator/test/cluster"
	"github.com/barq-db/barq-operator/test/cluster/process"
	"github.com/barq-db/barq-operator/test/e2e/volumedriver"
)

const (
	// name of the node.
	name = "node"
	// startTimeout bounds the start, without what builds take.
	startTimeout = 2 * time.Minute
	// stopGrace is what each process gets to end by itself.
	stopGrace = 5 * time.Second
)

// What is in a node's folder, beside the logs of pods.
const (
	logFolder     = "logs"
	clusterFolder = "cluster"
)

// gatewayAddress is the node's address in the pod network, at which pods reach the
// node and everything on it.
var gatewayAddress = net.IPv4(10, 244, 0, 1)

var errStopped = errors.New("the node was stopped")

// Options say where and from what a node is started.
type Options struct {
	// Dir is where the node keeps everything it has, on a disk.
	Dir string
	// Cgroup is the name of the cgroup of all pods, which no other node may have.
	Cgroup string
	// Out gets a line about each thing that takes time.
	Out io.Writer
	// Programs are those that Programs gave.
	Programs map[string]string
	// Bare is a node without helm, whose two volumes are there from the start. What makes and grows volumes takes
	// minutes to build.
	Bare bool
}

// StateDir is the folder of what need not outlive the node.
func (o Options) StateDir() string { return filepath.Join(o.Dir, "state") }

// Node is a running cluster of one node.
type Node struct {
	options   Options
	control   *cluster.Cluster
	registry  *image.Registry
	driver    *volumedriver.Driver
	processes []*process.Process

	// running ends when the node stops or one of its processes does, and its cause
	// says why.
	running context.Context
	end     context.CancelCauseFunc
}

// Start starts a cluster of one node and returns when it takes pods. It must be called
// in namespaces that Enclose made. When it fails, it leaves nothing running.
func Start(ctx context.Context, options Options) (*Node, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not done after %s; the logs are in %s", startTimeout, options.Dir))
	defer cancel()
	n := &Node{options: options}
	n.running, n.end = context.WithCancelCause(context.Background())
	// What waits for a process must see that it has ended.
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	defer context.AfterFunc(n.running, func() { fail(context.Cause(n.running)) })()
	for _, step := range []struct {
		label string
		start func(context.Context) error
	}{
		{"setting up the network of the node", func(context.Context) error { return setUpNetwork() }},
		{"starting the registry", n.startRegistry},
		{"starting containerd", n.startContainerd},
		{"", n.startControlPlane},
		{"starting kubelet, kube-proxy and storage", n.startNode},
	} {
		if err := n.step(ctx, step.label, step.start); err != nil {
			return nil, errors.Join(err, n.Stop())
		}
	}
	return n, nil
}

// Kubeconfig is the path of a kubeconfig with all rights.
func (n *Node) Kubeconfig() string { return n.control.Kubeconfig() }

// BinDir is a folder with kubectl, helm and the programs of the control plane.
func (n *Node) BinDir() string { return n.control.BinDir() }

// Registry is the host and port of the registry.
func (n *Node) Registry() string { return n.registry.Address }

// Wait returns nil when the context ends, and an error when the node ends before,
// because a process of it did.
func (n *Node) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-n.running.Done():
		return context.Cause(n.running)
	}
}

// Stop ends everything. The logs stay.
func (n *Node) Stop() error {
	n.end(errStopped)
	var errs []error
	for _, p := range slices.Backward(n.processes) {
		p.Stop(stopGrace)
	}
	if n.driver != nil {
		n.driver.Stop()
	}
	if n.control != nil {
		errs = append(errs, n.control.Stop())
	}
	if n.registry != nil {
		errs = append(errs, n.registry.Close())
	}
	return errors.Join(errs...)
}

func (n *Node) startRegistry(ctx context.Context) error {
	var err error
	if n.registry, err = image.Serve(n.state("registry")); err != nil {
		return err
	}
	_, err = image.Push(ctx, n.pauseImage(), image.Image{
		Files: map[string]string{"/pause": n.options.Programs[pause]}, Entrypoint: []string{"/pause"}, User: "65535:65535",
	})
	return err
}

// pauseImage is the first container of every pod.
func (n *Node) pauseImage() string { return n.registry.Address + "/pause:1" }

func (n *Node) startControlPlane(ctx context.Context) error {
	var err error
	var tools []string
	if !n.options.Bare {
		tools = append(tools, helm)
	}
	n.control, err = cluster.Start(ctx, cluster.Options{
		Dir: filepath.Join(n.options.Dir, clusterFolder), Out: n.options.Out, Tools: tools,
		RealNode: &cluster.RealNode{Name: name, Address: gatewayAddress},
	})
	if err == nil {
		go func() { n.end(n.control.Wait(n.running)) }()
	}
	return err
}

func (n *Node) startNode(ctx context.Context) error {
	n.driver = &volumedriver.Driver{Node: name, Folder: n.state("volumes"), Kubelet: kubeletFolder}
	for _, start := range []func(context.Context) error{
		n.startKubelet, n.startProxy, func(context.Context) error { return n.driver.Start() }, n.startStorage, n.proveWorking,
	} {
		if err := start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// run starts a process, which ends the node when it ends.
func (n *Node) run(program string, arguments ...string) error {
	logs := filepath.Join(n.options.Dir, logFolder)
	if err := os.MkdirAll(logs, 0o750); err != nil {
		return err
	}
	p, err := process.Start(program, n.options.Programs[program], arguments, filepath.Join(logs, program+".log"))
	if err != nil {
		return err
	}
	n.processes = append(n.processes, p)
	go func() {
		<-p.Done()
		if n.running.Err() == nil {
			n.end(p.ExitError())
		}
	}()
	return nil
}

// write writes a file of the node's state, and gives its path.
func (n *Node) write(file, content string) (string, error) {
	path := n.state(file)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, []byte(content), 0o600)
}

func (n *Node) state(file string) string { return filepath.Join(n.options.StateDir(), file) }

// step says that work is done, and then how long it took. Work without a label
// speaks for itself.
func (n *Node) step(ctx context.Context, label string, work func(context.Context) error) error {
	if label == "" {
		return work(ctx)
	}
	_, _ = fmt.Fprintf(n.options.Out, "%s ... ", label)
	started := time.Now()
	if err := work(ctx); err != nil {
		_, _ = fmt.Fprintln(n.options.Out, "failed")
		return fmt.Errorf("%s: %w", label, err)
	}
	_, _ = fmt.Fprintf(n.options.Out, "done in %.1f s\n", time.Since(started).Seconds())
	return nil
}
