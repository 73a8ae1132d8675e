package bench

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/watches"
	"github.com/barq-db/barq-operator/test/bench/procfs"
	"github.com/barq-db/barq-operator/test/cluster/process"
	"github.com/barq-db/barq-operator/test/operatorprocess"
)

const (
	// managerFile has the Deployment of the operator.
	managerFile = "config/manager/manager.yaml"
	// startTimeout is how long a contender may take until it is ready for work.
	startTimeout = time.Minute
	// stopGrace is how long it may take to end.
	stopGrace = 20 * time.Second
)

// isOurs tells this operator from others, with agents or without.
func isOurs(contender string) bool { return contender == Operator || contender == Asking }

// program is the process of a contender.
type program struct {
	*process.Process
	// address answers /readyz over HTTP.
	address string
	// profiles is where /debug/pprof is, if profiles are asked for.
	profiles string
}

// start runs a contender and returns when it says that it is ready.
func (e *environment) start(ctx context.Context, contender, namespace string, parameters *Parameters) (*program, error) {
	address, err := operatorprocess.FreeAddress()
	if err != nil {
		return nil, err
	}
	arguments, err := e.arguments(contender, address, namespace, parameters)
	if err != nil {
		return nil, err
	}
	var profiles string
	if isOurs(contender) && parameters.Profile > 0 {
		if profiles, err = operatorprocess.FreeAddress(); err != nil {
			return nil, err
		}
		arguments = append(arguments, "--pprof-bind-address", profiles)
	}
	log := filepath.Join(e.Folder, fmt.Sprintf("%s-%s.log", namespace, time.Now().Format("150405.000")))
	command := exec.Command(e.programs[contender], arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+e.kubeconfigs[contender])
	if isOurs(contender) {
		limit, err := memoryLimit(filepath.Join(e.Root, managerFile))
		if err != nil {
			return nil, err
		}
		command.Env = append(command.Env, limit)
	}
	if contender == Asking {
		command.Env = append(command.Env, "RELATED_IMAGE_BARQ_AGENT="+agentImage)
	}
	running, err := process.Run(contender, command, log)
	if err != nil {
		return nil, err
	}
	p := &program{Process: running, address: address, profiles: profiles}
	if err := p.awaitReady(ctx); err != nil {
		p.Stop(stopGrace)
		return nil, err
	}
	return p, nil
}

// memoryLimit returns the variable of Go's runtime that the Deployment in a file sets, as the pod of the operator gets
// it.
func memoryLimit(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	deployment := &appsv1.Deployment{}
	if err := yaml.UnmarshalStrict(content, deployment); err != nil {
		return "", fmt.Errorf("reading the Deployment in %s: %w", file, err)
	}
	manager := deployment.Spec.Template.Spec.Containers[0]
	return fmt.Sprintf("GOMEMLIMIT=%d", manager.Resources.Limits.Memory().Value()), nil
}

func (e *environment) arguments(contender, address, namespace string, parameters *Parameters) ([]string, error) {
	if contender == Limit {
		return []string{
			"--kubeconfig", e.kubeconfigs[Limit], "--listen", address, "--namespace", namespace,
			"--manifests", e.renderedFile(namespace), "--workers", strconv.Itoa(parameters.Workers),
		}, nil
	}
	watchesFile, err := e.writeWatches(contender, parameters)
	if err != nil {
		return nil, err
	}
	arguments := []string{"--watches-file", watchesFile, "--health-probe-bind-address", address, "--metrics-bind-address", "0"}
	if isOurs(contender) {
		return append(arguments, "--leader-election-namespace", operatorprocess.Namespace), nil
	}
	// The stock operator takes these from its command line alone.
	return append([]string{"run"}, append(arguments,
		"--max-concurrent-reconciles", strconv.Itoa(parameters.Workers),
		"--reconcile-period", parameters.ReconcilePeriod.String())...), nil
}

func (e *environment) renderedFile(namespace string) string {
	return filepath.Join(e.Folder, namespace+".jsonl")
}

// writeWatches writes what both operators read: which chart belongs to their kind.
func (e *environment) writeWatches(contender string, parameters *Parameters) (string, error) {
	watch, err := watches.Load(filepath.Join(e.Root, "watches.yaml"), v1alpha1.BarqClusterKind)
	if err != nil {
		return "", err
	}
	if contender == Stock {
		watch.GroupVersionKind = stockKind
	}
	if watch.ChartPath, err = filepath.Abs(filepath.Join(e.Root, chartFolder)); err != nil {
		return "", err
	}
	watch.MaxConcurrentReconciles = parameters.Workers
	watch.ReconcilePeriod.Duration = parameters.ReconcilePeriod
	content, err := yaml.Marshal([]*watches.Watch{watch})
	if err != nil {
		return "", err
	}
	file := filepath.Join(e.Folder, contender+"-watches.yaml")
	return file, os.WriteFile(file, content, 0o600)
}

func (p *program) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not within %s", startTimeout))
	defer cancel()
	return p.Await(ctx, func() bool { return operatorprocess.IsReady(p.address) })
}

// ask makes the limit work, and returns when it is done.
func (p *program) ask(ctx context.Context, work string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.address+"/"+work, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s to %s; its log is %s", p.Name, response.Status, work, p.LogFile)
	}
	return nil
}

func (p *program) cpu() (time.Duration, error) { return procfs.CPU(p.PID()) }

func (p *program) memory() (procfs.Memory, error) { return procfs.ReadMemory(p.PID()) }
