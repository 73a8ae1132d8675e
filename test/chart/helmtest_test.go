package chart_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// runHelmTest runs the program of the chart's test pod on this machine, against
// another address and with less patience than in a cluster.
func runHelmTest(t *testing.T, address, patienceSeconds string) (output string, err error) {
	t.Helper()
	containers := theOnly[*corev1.Pod](t, render(t, `{}`)).Spec.Containers
	require.Len(t, containers, 1)
	container := containers[0]
	require.Equal(t, "/bin/bash", container.Command[0])
	require.Equal(t, []corev1.EnvVar{
		{Name: "DATABASE_HOST", Value: releaseName},
		{Name: "DATABASE_PORT", Value: "8080"},
		{Name: "PATIENCE_SECONDS", Value: "60"},
	}, container.Env)

	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	bash, err := exec.LookPath("bash")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, bash, container.Command[1:]...)
	command.Env = append(os.Environ(), "DATABASE_HOST="+host, "DATABASE_PORT="+port, "PATIENCE_SECONDS="+patienceSeconds)
	// A subshell that hangs must not hold the output open for ever.
	command.WaitDelay = time.Second
	bytes, err := command.CombinedOutput()
	require.NoError(t, ctx.Err(), "the test did not end")
	return string(bytes), err
}

// answering starts a server that answers each request with the status that it
// is given for it, and the last one for all that follow.
func answering(t *testing.T, statuses ...int) (address string, requests *atomic.Int32) {
	t.Helper()
	requests = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/health" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		index := min(int(requests.Add(1)), len(statuses)) - 1
		w.WriteHeader(statuses[index])
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), requests
}

func TestHelmTestPassesOnAHealthyDatabase(t *testing.T) {
	t.Parallel()
	address, requests := answering(t, http.StatusOK)
	output, err := runHelmTest(t, address, "10")
	require.NoError(t, err, output)
	require.Equal(t, "http://"+address+"/health answers: HTTP/1.1 200 OK\n", output)
	require.Equal(t, int32(1), requests.Load())
}

func TestHelmTestWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	address, requests := answering(t, http.StatusServiceUnavailable, http.StatusOK)
	output, err := runHelmTest(t, address, "30")
	require.NoError(t, err, output)
	require.Equal(t, "http://"+address+"/health answers: HTTP/1.1 200 OK\n", output)
	require.Equal(t, int32(2), requests.Load())
}

func TestHelmTestFailsOnAnotherAnswer(t *testing.T) {
	t.Parallel()
	address, _ := answering(t, http.StatusServiceUnavailable)
	output, err := runHelmTest(t, address, "1")
	requireExitCode(t, 1, err)
	require.Equal(t, "http://"+address+"/health did not answer 200 within 1 s; the last answer was: HTTP/1.1 503 Service Unavailable\n", output)
}

func TestHelmTestFailsWhenNothingListens(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())

	output, err := runHelmTest(t, address, "1")
	requireExitCode(t, 1, err)
	require.Contains(t, output, "http://"+address+"/health did not answer 200 within 1 s; the last answer was: ")
	require.Contains(t, output, "Connection refused")
}

func TestHelmTestFailsWhenNothingAnswers(t *testing.T) {
	t.Parallel()
	// The kernel accepts the connection; nobody ever reads from it.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	address := listener.Addr().String()

	output, err := runHelmTest(t, address, "1")
	requireExitCode(t, 1, err)
	require.Equal(t, "http://"+address+"/health did not answer 200 within 1 s; the last answer was: none\n", output)
}

func requireExitCode(t *testing.T, want int, err error) {
	t.Helper()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, want, exit.ExitCode())
}
