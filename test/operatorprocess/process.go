package operatorprocess

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/barq-db/barq-operator/test/cluster/process"
)

const (
	// startTimeout is how long the operator may take until it is ready.
	startTimeout = 30 * time.Second
	// stopGrace is how long it may take to end by itself.
	stopGrace = 20 * time.Second
)

// Build builds the operator into a file, as `make build` does. Further arguments are for go build.
func Build(ctx context.Context, root, file string, arguments ...string) error {
	command := exec.CommandContext(ctx, "go", append(append([]string{"build", "-trimpath"}, arguments...), "-o", file, "./cmd/barq-operator")...)
	command.Dir = root
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the operator: %w\n%s", err, out)
	}
	return nil
}

// Process is the operator as a process that can be killed and started again. Its log goes on over restarts.
type Process struct {
	// Program is its path, Root the top of the repository, and Log the path of what it writes.
	Program, Root, Kubeconfig, Log string
	// Environment and Arguments come after those that every operator of these tests gets.
	Environment, Arguments []string

	// MetricsAddress and HealthAddress are where the running process serves; each start has new ones.
	MetricsAddress, HealthAddress string

	*process.Process
}

// Start runs the operator, and waits until it says that it is ready.
func (o *Process) Start() error {
	if err := o.Launch(); err != nil {
		return err
	}
	return o.AwaitReady()
}

// Launch runs the operator, which need not be able to become ready.
func (o *Process) Launch() error {
	var err error
	if o.MetricsAddress, err = FreeAddress(); err != nil {
		return err
	}
	if o.HealthAddress, err = FreeAddress(); err != nil {
		return err
	}
	command := exec.Command(o.Program, append([]string{
		"--watches-file", filepath.Join(o.Root, "watches.yaml"),
		"--metrics-bind-address", o.MetricsAddress,
		"--health-probe-bind-address", o.HealthAddress,
		"--leader-election-namespace", Namespace,
	}, o.Arguments...)...)
	command.Env = append(append(os.Environ(), "KUBECONFIG="+o.Kubeconfig), o.Environment...)
	o.Process, err = process.Run("the operator", command, o.Log)
	return err
}

// AwaitReady returns when the operator says that it is ready. One that is not in time is killed.
func (o *Process) AwaitReady() error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), startTimeout, fmt.Errorf("not within %s", startTimeout))
	defer cancel()
	err := o.Await(ctx, o.serves)
	if err != nil {
		o.Kill()
	}
	return err
}

// serves tells whether the operator is ready and its metrics can be read, which
// are up a little later because of their certificate.
func (o *Process) serves() bool {
	connection, err := net.Dial("tcp", o.MetricsAddress)
	if err != nil {
		return false
	}
	defer func() { _ = connection.Close() }()
	return IsReady(o.HealthAddress)
}

// IsReady tells whether a program says at an address that it is ready.
func IsReady(address string) bool {
	response, err := http.Get("http://" + address + "/readyz")
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode == http.StatusOK
}

// Stop ends the operator as Kubernetes does.
func (o *Process) Stop() { o.Process.Stop(stopGrace) }

// lastWords begin the line with which the program says why it ends.
const lastWords = "barq-operator: "

// CheckLog says whether every line of the log is JSON, which is what a log
// collector expects, except for the last words of a process.
func (o *Process) CheckLog() error {
	content, err := os.ReadFile(o.Log)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(content) {
		if !json.Valid(line) && !bytes.HasPrefix(line, []byte(lastWords)) && !isCutOff(line) {
			return fmt.Errorf("the operator logged a line that is not JSON: %s", line)
		}
	}
	return nil
}

// isCutOff reports whether a line is the beginning of one whose process was killed while it wrote it, with the first line of the
// next process behind it.
func isCutOff(line []byte) bool {
	next := bytes.LastIndex(line, []byte(`{"level":"info"`))
	return next > 0 && json.Valid(line[next:]) && bytes.Contains(line[next:], []byte(`"msg":"Starting"`))
}
