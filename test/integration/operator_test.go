package integration

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// operatorProcess is the operator as a process that can be killed and started
// again. Its log goes on over restarts.
type operatorProcess struct {
	program, kubeconfig, log string
	environment              []string
	arguments                []string

	process                       *exec.Cmd
	done                          chan error
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
	defer log.Close()
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
	o.done = make(chan error, 1)
	go func(process *exec.Cmd, done chan error) { done <- process.Wait() }(o.process, o.done)

	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		select {
		case err := <-o.done:
			content, _ := os.ReadFile(o.log)
			return fmt.Errorf("the operator stopped at its start: %w\n%s", err, content)
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
	defer response.Body.Close()
	connection, err := net.Dial("tcp", o.metricsAddress)
	if err != nil {
		return false
	}
	defer connection.Close()
	return response.StatusCode == http.StatusOK
}

// stop ends the operator as Kubernetes does.
func (o *operatorProcess) stop() {
	_ = o.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-o.done:
	case <-time.After(20 * time.Second):
		o.kill()
	}
}

// kill ends the operator with SIGKILL, as a lost node does.
func (o *operatorProcess) kill() {
	_ = o.process.Process.Kill()
	<-o.done
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
