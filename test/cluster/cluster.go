package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/barq-db/barq-operator/test/cluster/process"
)

const (
	// startTimeout bounds the time from the first process to a working cluster,
	// without what builds take.
	startTimeout = 2 * time.Minute
	// stopGrace is what each process gets to end by itself. None of them has
	// anything to save.
	stopGrace = 5 * time.Second
)

var errStopped = errors.New("the cluster was stopped")

// Options say where and how a cluster is started.
type Options struct {
	// Dir is where the cluster keeps everything it has. It is made when it does
	// not exist, and can hold one running cluster.
	Dir string
	// Out gets a line about each thing that takes time; nil discards them.
	Out io.Writer
	// Tools are programs of hack/tools to put in BinDir besides those that the
	// cluster is made of, such as helm.
	Tools []string
	// RealNode makes room for a real node, which the caller brings; nil for nodes
	// and volumes that are simulated.
	RealNode *RealNode
	// Audit makes the API server write down the requests that it gets; nil for no
	// such log.
	Audit *Audit
	// FeatureGates of the API server and of the controllers that differ from the default of their version, such as
	// MaxUnavailableStatefulSet.
	FeatureGates map[string]bool
	// Environment has variables for all processes of the cluster, such as GOGC=400, beside those of this process.
	Environment []string
}

// Audit is how the API server logs requests. It answers a request only when its line is in
// the file, so a client that has the answer finds the line.
type Audit struct {
	// Policy is the path of a policy, of kind Policy in audit.k8s.io/v1.
	Policy string
	// Log is the path of the file that gets a line of JSON for each event.
	Log string
}

// RealNode is a node that a kubelet serves, and which knows the API server by an
// address that its pods reach too.
type RealNode struct {
	// Name is the node's, by which the API server tells its kubelet.
	Name string
	// Address of this machine, not a loopback one, at which pods reach the API server.
	Address net.IP
}

// Cluster is a running control plane, with simulated nodes unless the caller brings one.
type Cluster struct {
	directory directory
	owner     *owner
	out       io.Writer
	realNode  *RealNode
	audit     *Audit
	gates     map[string]bool
	// environment has the further variables of all processes.
	environment []string

	credentials *credentials
	ports       []port

	// lock is for what faults change while the cluster runs.
	lock      sync.Mutex
	processes []*started
	// expected are the processes that end because a fault wants it.
	expected map[*process.Process]bool

	// running ends when the cluster stops or one of its processes does, and its
	// cause says why.
	running context.Context
	end     context.CancelCauseFunc
	stop    func() error
}

// Start starts a cluster and returns when it works: pods are scheduled and
// become Ready, and volumes are bound. Without simulated nodes it returns when the
// API server, the controllers and the scheduler run. It builds the programs that it needs and
// does not find in the cache. When it fails, or the context ends before it has
// returned, it leaves nothing running.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	d, err := newDirectory(options.Dir)
	if err != nil {
		return nil, err
	}
	out := options.Out
	if out == nil {
		out = io.Discard
	}
	owner, err := d.own()
	if err != nil {
		return nil, err
	}
	c := &Cluster{directory: d, owner: owner, out: out, realNode: options.RealNode, audit: options.Audit, gates: options.FeatureGates, environment: options.Environment, expected: map[*process.Process]bool{}}
	c.running, c.end = context.WithCancelCause(context.Background())
	c.stop = sync.OnceValue(c.stopAll)
	if err := c.start(ctx, options.Tools); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// Kubeconfig is the path of a kubeconfig with all rights.
func (c *Cluster) Kubeconfig() string { return c.directory.kubeconfig() }

// BinDir is a directory with kubectl, the programs that the cluster is made of,
// and the tools that were asked for.
func (c *Cluster) BinDir() string { return c.directory.bin() }

// Config is what a client with all rights needs, without a limit on its requests.
func (c *Cluster) Config() (*rest.Config, error) {
	config, err := clientcmd.NewDefaultClientConfig(*c.credentials.kubeconfig(administrator), nil).ClientConfig()
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	return config, nil
}

// Wait returns nil when the context ends, and an error when the cluster ends
// before, because a process of it did.
func (c *Cluster) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-c.running.Done():
		return context.Cause(c.running)
	}
}

// Stop ends all processes of the cluster and removes its state. The logs stay.
func (c *Cluster) Stop() error { return c.stop() }

func (c *Cluster) stopAll() error {
	c.end(errStopped)
	// First of all, so that it is not taken for a cluster that is ready.
	errs := []error{c.directory.removeKubeconfig()}
	// Clients before servers, so that none of them logs that its server is gone.
	c.lock.Lock()
	processes := slices.Clone(c.processes)
	c.lock.Unlock()
	for _, p := range slices.Backward(processes) {
		p.Stop(stopGrace)
	}
	for _, port := range c.ports {
		errs = append(errs, port.release())
	}
	return errors.Join(append(errs, c.directory.clear(), c.owner.release())...)
}

func (c *Cluster) start(ctx context.Context, tools []string) error {
	if err := c.directory.create(); err != nil {
		return err
	}
	binaries, err := c.linkPrograms(ctx, tools)
	if err != nil {
		return err
	}

	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout,
		fmt.Errorf("not done after %s; the logs are in %s", startTimeout, c.directory.logs()))
	defer cancel()
	// What waits below must see that the process it waits for has ended.
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	defer context.AfterFunc(c.running, func() { fail(context.Cause(c.running)) })()

	err = c.step("starting etcd and kube-apiserver", func() error { return c.startAPI(ctx, binaries) })
	if err == nil {
		err = c.step("starting controllers and scheduler", func() error { return c.startControllers(binaries) })
	}
	if err == nil && c.realNode == nil {
		err = c.step("starting simulated nodes", func() error { return c.startSimulation(ctx, binaries) })
	}
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		// A client says only that its context has ended.
		err = fmt.Errorf("%w: %w", err, cause)
	}
	if err != nil {
		return err
	}
	return c.credentials.writeKubeconfig(administrator, c.Kubeconfig())
}

// linkPrograms puts all programs in BinDir and returns their real paths.
func (c *Cluster) linkPrograms(ctx context.Context, tools []string) (map[string]string, error) {
	names := []string{etcd, apiServer, controllerManager, scheduler, kubectl}
	if c.realNode == nil {
		names = append(names, kwok)
	}
	binaries, err := componentPrograms(ctx, c.realNode != nil, c.out, names...)
	if err != nil {
		return nil, err
	}
	if len(tools) > 0 {
		found, err := findPrograms(ctx, toolsModule, c.out, tools...)
		if err != nil {
			return nil, err
		}
		for name, file := range found {
			binaries[name] = file
		}
	}
	for name, file := range binaries {
		if err := os.Symlink(file, filepath.Join(c.BinDir(), name)); err != nil {
			return nil, err
		}
	}
	return binaries, nil
}

func (c *Cluster) startAPI(ctx context.Context, binaries map[string]string) error {
	store, err := c.reservePort()
	if err != nil {
		return err
	}
	server, err := c.reservePort()
	if err != nil {
		return err
	}
	c.credentials, err = newCredentials(c.directory, fmt.Sprintf("https://127.0.0.1:%d", server.Number), c.users())
	if err != nil {
		return fmt.Errorf("make the cluster's credentials: %w", err)
	}
	if err := c.run(etcd, binaries, etcdArguments(c.directory, store)); err != nil {
		return err
	}
	if err := c.run(apiServer, binaries, append(apiServerArguments(c.directory, store, server, c.realNode, c.audit), featureGates(c.gates)...)); err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	return waitServing(ctx, client)
}

func (c *Cluster) startControllers(binaries map[string]string) error {
	for _, component := range []component{
		{controllerManager, controllerManagerUser, func(k string) []string {
			return append(controllerManagerArguments(c.directory, k), featureGates(c.gates)...)
		}},
		{scheduler, schedulerUser, schedulerArguments},
	} {
		if err := c.runComponent(component, binaries); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) startSimulation(ctx context.Context, binaries map[string]string) error {
	if err := writeStages(c.directory); err != nil {
		return err
	}
	simulator := component{kwok, simulatorUser, func(k string) []string { return kwokArguments(c.directory, k) }}
	if err := c.runComponent(simulator, binaries); err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	if err := createObjects(ctx, client); err != nil {
		return err
	}
	return proveWorking(ctx, client)
}

// component is a program that is a client of the API server.
type component struct {
	name      string
	user      user
	arguments func(kubeconfig string) []string
}

func (c *Cluster) runComponent(component component, binaries map[string]string) error {
	kubeconfig, err := c.credentials.componentKubeconfig(component.user)
	if err != nil {
		return err
	}
	return c.run(component.name, binaries, component.arguments(kubeconfig))
}

// users are the clients that the API server is to know.
func (c *Cluster) users() []user {
	users := []user{administrator, controllerManagerUser, schedulerUser}
	if c.realNode == nil {
		return append(users, simulatorUser)
	}
	return append(users, kubeletUser(c.realNode.Name), proxyUser)
}

// KubeletKubeconfig writes a kubeconfig for the kubelet of the real node, and gives its path.
func (c *Cluster) KubeletKubeconfig() (string, error) {
	return c.credentials.componentKubeconfig(kubeletUser(c.realNode.Name))
}

// ProxyKubeconfig writes a kubeconfig for a kube-proxy, and gives its path.
func (c *Cluster) ProxyKubeconfig() (string, error) {
	return c.credentials.componentKubeconfig(proxyUser)
}

func (c *Cluster) reservePort() (port, error) {
	reserved, err := reservePort()
	if err == nil {
		c.ports = append(c.ports, reserved)
	}
	return reserved, err
}

// run starts a process of the cluster, which ends the cluster when it ends.
func (c *Cluster) run(name string, binaries map[string]string, arguments []string) error {
	return c.runAgain(&started{name: name, file: binaries[name], arguments: arguments})
}

// runAgain starts the process of a place, which may have had others before.
func (c *Cluster) runAgain(place *started) error {
	log := place.name
	if place.runs > 0 {
		log = fmt.Sprintf("%s-%d", place.name, 1+place.runs)
	}
	p, err := process.Start(place.name, place.file, place.arguments, c.directory.log(log), c.environment...)
	if err != nil {
		return err
	}
	place.Process = p
	c.put(place)
	go func() {
		<-p.Done()
		if c.running.Err() == nil && !c.isExpected(p) {
			c.end(p.ExitError())
		}
	}()
	return nil
}

// put keeps the place, where the order of the starts has it.
func (c *Cluster) put(place *started) {
	c.lock.Lock()
	defer c.lock.Unlock()
	for i, other := range c.processes {
		if other.name == place.name {
			c.processes[i] = place
			return
		}
	}
	c.processes = append(c.processes, place)
}

func (c *Cluster) client() (kubernetes.Interface, error) {
	config, err := c.Config()
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

// step says that work is done, and then how long it took.
func (c *Cluster) step(label string, work func() error) error {
	_, _ = fmt.Fprintf(c.out, "%s ... ", label)
	started := time.Now()
	if err := work(); err != nil {
		_, _ = fmt.Fprintln(c.out, "failed")
		return err
	}
	_, _ = fmt.Fprintf(c.out, "done in %.1f s\n", time.Since(started).Seconds())
	return nil
}
