package chart_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// runHelmTest runs the program of the chart's test pod on this machine, against
// other addresses and with less patience than in a cluster.
func runHelmTest(t *testing.T, scheme, hosts, port, patienceSeconds string) (output string, err error) {
	t.Helper()
	command := helmTest(t, `{}`).Command
	require.Equal(t, "/bin/bash", command[0])
	bash, err := exec.LookPath("bash")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	program := exec.CommandContext(ctx, bash, command[1:]...)
	program.Env = append(os.Environ(),
		"DATABASE_SCHEME="+scheme, "DATABASE_HOSTS="+hosts, "DATABASE_PORT="+port, "PATIENCE_SECONDS="+patienceSeconds)
	// A subshell that hangs must not hold the output open for ever.
	program.WaitDelay = time.Second
	bytes, err := program.CombinedOutput()
	require.NoError(t, ctx.Err(), "the test did not end")
	return string(bytes), err
}

// helmTest gives the one container of the chart's test pod.
func helmTest(t *testing.T, values string) corev1.Container {
	t.Helper()
	containers := theOnly[*corev1.Pod](t, render(t, values)).Spec.Containers
	require.Len(t, containers, 1)
	return containers[0]
}

func TestHelmTestAsksEachServiceForClients(t *testing.T) {
	for name, test := range map[string]struct{ values, scheme, hosts string }{
		"primary":          {`{}`, "http", "db"},
		"primary of three": {`replicas: 3`, "http", "db"},
		"independent":      {`{replicas: 3, topology: {mode: Independent}}`, "http", "db-0 db-1 db-2"},
		"no independent":   {`{replicas: 0, topology: {mode: Independent}}`, "http", ""},
		"TLS":              {`tls: {secretName: a}`, "https", "db"},
	} {
		t.Run(name, func(t *testing.T) {
			container := helmTest(t, test.values)
			require.Equal(t, []corev1.EnvVar{
				{Name: "DATABASE_SCHEME", Value: test.scheme},
				{Name: "DATABASE_HOSTS", Value: test.hosts},
				{Name: "DATABASE_PORT", Value: "8080"},
				{Name: "PATIENCE_SECONDS", Value: "60"},
			}, container.Env)
			require.Equal(t, helmTest(t, `{}`).Command, container.Command)
		})
	}
}

// requireTLSClient skips a test where the programs are missing that are in the
// database's image.
func requireTLSClient(t *testing.T) {
	t.Helper()
	for _, program := range []string{"openssl", "timeout"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs the program %s, as it is in the database's image", program)
		}
	}
}

// answering starts a server that answers each request with the status that it
// is given for it, and the last one for all that follow. With https its
// certificate has no signature of an authority.
func answering(t *testing.T, scheme string, statuses ...int) (port string, requests *atomic.Int32) {
	t.Helper()
	requests = &atomic.Int32{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/health" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		index := min(int(requests.Add(1)), len(statuses)) - 1
		w.WriteHeader(statuses[index])
	}))
	if scheme == "https" {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return portOf(t, server.Listener), requests
}

func portOf(t *testing.T, listener net.Listener) string {
	t.Helper()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

// forEachScheme runs a test in plain text and encrypted, beside all others.
func forEachScheme(t *testing.T, test func(t *testing.T, scheme string)) {
	t.Helper()
	t.Parallel()
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			if scheme == "https" {
				requireTLSClient(t)
			}
			test(t, scheme)
		})
	}
}

func TestHelmTestPassesOnAHealthyDatabase(t *testing.T) {
	forEachScheme(t, func(t *testing.T, scheme string) {
		port, requests := answering(t, scheme, http.StatusOK)
		output, err := runHelmTest(t, scheme, "127.0.0.1", port, "10")
		require.NoError(t, err, output)
		require.Equal(t, scheme+"://127.0.0.1:"+port+"/health answers: HTTP/1.1 200 OK\n", output)
		require.Equal(t, int32(1), requests.Load())
	})
}

func TestHelmTestAsksEveryDatabase(t *testing.T) {
	forEachScheme(t, func(t *testing.T, scheme string) {
		port, requests := answering(t, scheme, http.StatusOK)
		output, err := runHelmTest(t, scheme, "127.0.0.1 localhost", port, "10")
		require.NoError(t, err, output)
		require.Equal(t, scheme+"://127.0.0.1:"+port+"/health answers: HTTP/1.1 200 OK\n"+
			scheme+"://localhost:"+port+"/health answers: HTTP/1.1 200 OK\n", output)
		require.Equal(t, int32(2), requests.Load())
	})
}

func TestHelmTestFailsWhenOneOfSeveralDatabasesDoesNotAnswer(t *testing.T) {
	forEachScheme(t, func(t *testing.T, scheme string) {
		port, _ := answering(t, scheme, http.StatusOK, http.StatusServiceUnavailable)
		output, err := runHelmTest(t, scheme, "127.0.0.1 localhost", port, "1")
		requireExitCode(t, 1, err)
		require.Equal(t, scheme+"://127.0.0.1:"+port+"/health answers: HTTP/1.1 200 OK\n"+
			scheme+"://localhost:"+port+"/health did not answer 200 within 1 s; the last answer was: HTTP/1.1 503 Service Unavailable\n", output)
	})
}

func TestHelmTestFailsWithoutADatabase(t *testing.T) {
	t.Parallel()
	output, err := runHelmTest(t, "http", "", "8080", "1")
	require.Error(t, err)
	require.Contains(t, output, "DATABASE_HOSTS: there is no database to ask, because replicas is 0\n")
}

func TestHelmTestWaitsForTheDatabase(t *testing.T) {
	forEachScheme(t, func(t *testing.T, scheme string) {
		port, requests := answering(t, scheme, http.StatusServiceUnavailable, http.StatusOK)
		output, err := runHelmTest(t, scheme, "127.0.0.1", port, "30")
		require.NoError(t, err, output)
		require.Equal(t, scheme+"://127.0.0.1:"+port+"/health answers: HTTP/1.1 200 OK\n", output)
		require.Equal(t, int32(2), requests.Load())
	})
}

func TestHelmTestFailsOnAnotherAnswer(t *testing.T) {
	forEachScheme(t, func(t *testing.T, scheme string) {
		port, _ := answering(t, scheme, http.StatusServiceUnavailable)
		output, err := runHelmTest(t, scheme, "127.0.0.1", port, "1")
		requireExitCode(t, 1, err)
		require.Equal(t, scheme+"://127.0.0.1:"+port+"/health did not answer 200 within 1 s; the last answer was: HTTP/1.1 503 Service Unavailable\n", output)
	})
}

func TestHelmTestFailsWhenNothingListens(t *testing.T) {
	forEachScheme(t, func(t *testing.T, scheme string) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		port := portOf(t, listener)
		require.NoError(t, listener.Close())

		output, err := runHelmTest(t, scheme, "127.0.0.1", port, "1")
		requireExitCode(t, 1, err)
		require.Contains(t, output, scheme+"://127.0.0.1:"+port+"/health did not answer 200 within 1 s; the last answer was: ")
		require.NotContains(t, output, "none")
	})
}

func TestHelmTestFailsWhenNothingAnswers(t *testing.T) {
	forEachScheme(t, func(t *testing.T, scheme string) {
		// The kernel accepts the connection; no process ever reads from it.
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, listener.Close()) })
		port := portOf(t, listener)

		output, err := runHelmTest(t, scheme, "127.0.0.1", port, "1")
		requireExitCode(t, 1, err)
		require.Equal(t, scheme+"://127.0.0.1:"+port+"/health did not answer 200 within 1 s; the last answer was: none\n", output)
	})
}

// A database that lost its certificate must not pass for one that has it.
func TestHelmTestWithTLSFailsOnPlainText(t *testing.T) {
	t.Parallel()
	requireTLSClient(t)
	port, _ := answering(t, "http", http.StatusOK)
	output, err := runHelmTest(t, "https", "127.0.0.1", port, "1")
	requireExitCode(t, 1, err)
	require.Contains(t, output, "https://127.0.0.1:"+port+"/health did not answer 200 within 1 s; the last answer was: ")
}

func requireExitCode(t *testing.T, want int, err error) {
	t.Helper()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, want, exit.ExitCode())
}
