//go:build linux

package clients

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/wait"
)

// Addresses that clients are given. They are the same with the agent and without, so that errors that name them are too.
const (
	httpAddress = "127.0.0.1:8080"
	rpcAddress  = "127.0.0.1:50051"
	// behindAgent is where the server listens for its agent.
	behindAgent = "127.0.0.1:8081"
)

// patience is how long anything may take that is expected soon.
const patience = 30 * time.Second

// serveStraight starts the server, without data, and returns what stops it.
func serveStraight(t *testing.T) (stop func()) {
	t.Helper()
	return start(t, syscall.SIGINT, httpAddress, programs.Server)
}

// serveThroughAgent starts the server, without data, behind an agent with the flags that it has in a pod.
func serveThroughAgent(t *testing.T) (stop func()) {
	t.Helper()
	return start(t, syscall.SIGTERM, behindAgent, programs.Agent, "run",
		"--termination-log", filepath.Join(t.TempDir(), "termination"),
		"--http-address", ":8080", "--grpc-address", ":50051", "--", programs.Server)
}

// start starts a program, and waits until clients are served at both addresses.
func start(t *testing.T, end syscall.Signal, server, program string, arguments ...string) (stop func()) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "log")
	log, err := os.Create(name)
	require.NoError(t, err)
	defer func() { _ = log.Close() }()
	command := exec.Command(program, arguments...)
	command.Env = append(os.Environ(), "BARQ_ADDR="+server, "BARQ_STORAGE_DIR="+t.TempDir())
	command.Stdout, command.Stderr = log, log
	// It ends with the process that runs the test.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error), make(chan error, 1)
	go func() {
		// The kernel counts the thread that started a child as its parent.
		runtime.LockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			ended <- command.Wait()
		}
	}()
	require.NoError(t, <-started)
	t.Cleanup(func() {
		_ = command.Process.Kill()
		if text, err := os.ReadFile(name); err == nil && t.Failed() {
			t.Logf("the log of %s:\n%s", filepath.Base(program), text)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, wait.For(ctx, "clients are served", func(ctx context.Context) (bool, error) {
		select {
		case err := <-ended:
			require.FailNow(t, "it ended", "%v", err)
		default:
		}
		return healthy(ctx), nil
	}))
	return func() {
		require.NoError(t, command.Process.Signal(end))
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(patience):
			require.FailNow(t, "it has not ended")
		}
	}
}

// healthy tells whether the server answers. It opens the port of gRPC before that of HTTP.
func healthy(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+httpAddress+"/health", nil)
	if err != nil {
		return false
	}
	// A connection that is kept would hold the end of the server.
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}
