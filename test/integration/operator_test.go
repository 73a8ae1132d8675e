package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// operatorProcess is the operator as a process that can be killed and started
// again. Its log goes on over restarts.
type operatorProcess struct {
	program, kubeconfig, log string
	environment              []string
	arguments                []string

	process *exec.Cmd
	// ended is closed when the process has.
	ended                         chan struct{}
	metricsAddress, healthAddress string
}

// start runs the operator, and waits until it says that it is ready.
func (o *operatorProcess) start() error {
	var err error
	if o.metricsAddress, err = freeAddress(); err != nil {
		return err
	}
	if o.healthAddress, err = freeAddress(); err != nil {
		return err
	}
	log, err := os.OpenFile(o.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	o.process = exec.Command(o.program, append([]string{
		"--watches-file", root + "/watches.yaml",
		"--metrics-bind-address", o.metricsAddress,
		"--health-probe-bind-address", o.healthAddress,
		"--leader-election-namespace", operatorNamespace,
	}, o.arguments...)...)
	o.process.Env = append(append(os.Environ(), "KUBECONFIG="+o.kubeconfig), o.environment...)
	o.process.Stdout, o.process.Stderr = log, log
	if err := o.process.Start(); err != nil {
		return err
	}
	o.ended = make(chan struct{})
	go func(process *exec.Cmd, ended chan struct{}) {
		_ = process.Wait()
		close(ended)
	}(o.process, o.ended)

	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		select {
		case <-o.ended:
			content, _ := os.ReadFile(o.log)
			return fmt.Errorf("the operator ended at its start: %s\n%s", o.process.ProcessState, content)
		case <-time.After(20 * time.Millisecond):
		}
		if o.serves() {
			return nil
		}
	}
	o.kill()
	return fmt.Errorf("the operator was not ready within 30 s; see %s", o.log)
}

// serves tells whether the operator is ready and its metrics can be read, which
// are up a little later because of their certificate.
func (o *operatorProcess) serves() bool {
	response, err := http.Get("http://" + o.healthAddress + "/readyz")
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	connection, err := net.Dial("tcp", o.metricsAddress)
	if err != nil {
		return false
	}
	defer func() { _ = connection.Close() }()
	return response.StatusCode == http.StatusOK
}

// stop ends the operator as Kubernetes does.
func (o *operatorProcess) stop() {
	_ = o.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-o.ended:
	case <-time.After(20 * time.Second):
		o.kill()
	}
}

// kill ends the operator with SIGKILL, as a lost node does.
func (o *operatorProcess) kill() {
	_ = o.process.Process.Kill()
	<-o.ended
}

// checkLog says whether every line of the log is JSON, which is what a log
// collector expects.
func (o *operatorProcess) checkLog() error {
	content, err := os.ReadFile(o.log)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(content) {
		if !json.Valid(line) {
			return fmt.Errorf("the operator logged a line that is not JSON: %s", line)
		}
	}
	return nil
}

// freeAddress gives an address of loopback on which nobody listens. Linux has all
// of 127.0.0.0/8, so a random host keeps other programs, which use 127.0.0.1, from
// taking the port before the operator does.
func freeAddress() (string, error) {
	host := "127.0.0.1"
	if runtime.GOOS == "linux" {
		host = fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}
