//go:build linux

package agent

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/objectservers"
	"github.com/barq-db/barq-operator/test/privatenetwork"
)

// root is the top of the repository.
const root = "../.."

// patience is how long anything may take that is expected soon, at the latest when the agent looks at the documents again.
const patience = time.Minute

// moment is the time between two looks.
const moment = 5 * time.Millisecond

// Variables of the environment.
const (
	// serverVariable names the real server.
	serverVariable = "BARQ_SERVER_BIN"
	// These are set for the process that runs the tests in a network of its own.
	agentVariable   = "AGENT_PROGRAM"
	formerVariable  = "AGENT_FORMER_PROGRAM"
	standInVariable = "AGENT_STAND_IN"
)

// The programs under test. formerProgram is a former agent, or empty where its commit is not there.
var agentProgram, formerProgram, serverProgram string

// isStandIn tells whether the server is the stand-in.
var isStandIn bool

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tests of the agent:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	if privatenetwork.Inside() {
		agentProgram, formerProgram = os.Getenv(agentVariable), os.Getenv(formerVariable)
		serverProgram, isStandIn = os.Getenv(serverVariable), os.Getenv(standInVariable) != ""
		if err := privatenetwork.Start(); err != nil {
			return 1, err
		}
		return m.Run(), nil
	}
	folder, err := os.MkdirTemp("", "barq-agent-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	agentProgram = filepath.Join(folder, "barq-agent")
	if err := build(agentProgram, "../../cmd/barq-agent"); err != nil {
		return 1, err
	}
	if formerProgram, err = buildFormer(folder); err != nil {
		return 1, err
	}
	if serverProgram = os.Getenv(serverVariable); serverProgram == "" {
		serverProgram, isStandIn = filepath.Join(folder, "barq-server"), true
		if err := build(serverProgram, "../barqserver/cmd/barq-server"); err != nil {
			return 1, err
		}
	}
	if serverProgram, err = filepath.Abs(serverProgram); err != nil {
		return 1, err
	}
	// In the network of the tests nothing can be fetched.
	if err := objectservers.Build(context.Background(), root, os.Stderr); err != nil {
		return 1, err
	}
	if !privatenetwork.Possible() {
		return m.Run(), nil
	}
	variables := []string{agentVariable + "=" + agentProgram, formerVariable + "=" + formerProgram, serverVariable + "=" + serverProgram}
	if isStandIn {
		variables = append(variables, standInVariable+"=1")
	}
	return privatenetwork.Run(variables...)
}

func build(program, source string) error {
	command := exec.Command("go", "build", "-o", program, source)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	return command.Run()
}

// process is one that a test has started.
type process struct {
	pid int
	// ended is closed when it has ended.
	ended chan struct{}
	state *os.ProcessState
}

// start starts a command, which is killed at the end of the test, and with the process that runs the test.
func start(t *testing.T, command *exec.Cmd, cloneflags uintptr) *process {
	t.Helper()
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Cloneflags: cloneflags}
	p := &process{ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel counts the thread that started a child as its parent.
		runtime.LockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait()
			p.state = command.ProcessState
			close(p.ended)
		}
	}()
	require.NoError(t, <-started)
	p.pid = command.Process.Pid
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-p.ended
	})
	return p
}

// agent is a process of the agent with its server.
type agent struct {
	// Client comes through the door, if there is one. straight goes to the server itself.
	*client.Client
	straight *client.Client
	*process
	t    *testing.T
	data string
	// calls is where gRPC is, if the agent answers it.
	calls string
	// files of what it said.
	log, termination string
}

// how is how an agent is started.
type how struct {
	// data is the data directory, a new one if it is empty.
	data  string
	flags []string
	// door says that clients come through the agent, and rpc that those with gRPC do, at the port of this number.
	door bool
	rpc  string
	// program is the agent, this one if it is empty.
	program string
	// command is run instead of the server.
	command []string
	// cloneflags are the namespaces that it has of its own.
	cloneflags uintptr
}

// launch starts an agent, and does not wait until its server serves.
func launch(t *testing.T, how how) *agent {
	t.Helper()
	if how.data == "" {
		how.data = t.TempDir()
	}
	if how.command == nil {
		how.command = []string{serverProgram}
	}
	address := freeAddress(t)
	files := t.TempDir()
	a := &agent{
		t: t, data: how.data, straight: client.New("http://" + address),
		log: filepath.Join(files, "log"), termination: filepath.Join(files, "termination"),
	}
	// A connection that is kept would tell a later server from an earlier one.
	a.straight.HTTP = client.NewHTTPClient(&http.Transport{DisableKeepAlives: true})
	a.Client = a.straight
	if how.door {
		// Without a host it is all addresses of both families.
		front := ":" + freePort(t)
		how.flags = append(how.flags, "--http-address", front)
		a.Client = client.New("http://127.0.0.1" + front)
		a.HTTP = a.straight.HTTP
	}
	if how.rpc != "" {
		how.flags = append(how.flags, "--grpc-address", ":"+how.rpc)
		a.calls = "127.0.0.1:" + how.rpc
	}
	require.NoError(t, os.WriteFile(a.termination, nil, 0o600))
	log, err := os.Create(a.log)
	require.NoError(t, err)
	defer func() { _ = log.Close() }()

	arguments := append([]string{"run", "--termination-log", a.termination}, how.flags...)
	command := exec.Command(cmp.Or(how.program, agentProgram), append(append(arguments, "--"), how.command...)...)
	command.Env = append(os.Environ(), "BARQ_ADDR="+address, "BARQ_STORAGE_DIR="+how.data)
	command.Stdout, command.Stderr = log, log
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log:\n%s", content(t, a.log))
		}
	})
	a.process = start(t, command, how.cloneflags)
	return a
}

// serve starts an agent and waits until its server serves.
func serve(t *testing.T, how how) *agent {
	t.Helper()
	a := launch(t, how)
	a.eventually("the server answers", func() bool {
		select {
		case <-a.ended:
			require.FailNow(t, "the agent ended", "%s", a.state)
		default:
		}
		return a.straight.Health(t.Context()) == nil
	})
	return a
}

func (a *agent) eventually(what string, check func() bool) {
	a.t.Helper()
	for deadline := time.Now().Add(patience); !check(); time.Sleep(moment) {
		require.True(a.t, time.Now().Before(deadline), what)
	}
}

// signal sends the agent a signal.
func (a *agent) signal(signal syscall.Signal) {
	a.t.Helper()
	require.NoError(a.t, syscall.Kill(a.pid, signal))
}

// code waits until the agent has ended, and returns its exit code.
func (a *agent) code() int {
	a.t.Helper()
	select {
	case <-a.ended:
	case <-time.After(patience):
		require.FailNow(a.t, "the agent has not ended")
	}
	return a.state.ExitCode()
}

// stop stops it as Kubernetes does.
func (a *agent) stop() {
	a.t.Helper()
	a.signal(syscall.SIGTERM)
	require.Equal(a.t, 0, a.code())
}

// said returns the termination message.
func (a *agent) said() v1.Termination {
	a.t.Helper()
	found, fromAgent := v1.DecodeTermination(content(a.t, a.termination))
	require.True(a.t, fromAgent, "%q", content(a.t, a.termination))
	return found
}

// lines returns the lines of the agent's own log with a message.
func (a *agent) lines(message string) []map[string]any {
	a.t.Helper()
	var found []map[string]any
	for _, line := range splitLines(content(a.t, a.log)) {
		var entry map[string]any
		if json.Unmarshal([]byte(line), &entry) == nil && entry["program"] == "barq-agent" && entry["msg"] == message {
			found = append(found, entry)
		}
	}
	return found
}

// server returns the process id of the server.
func (a *agent) server() int {
	a.t.Helper()
	var started []map[string]any
	a.eventually("the server is started", func() bool {
		started = a.lines("started the server")
		return len(started) > 0
	})
	return int(started[0]["pid"].(float64))
}

// freeAddress returns an address for a server, which is that of no other.
func freeAddress(t *testing.T) string {
	t.Helper()
	return net.JoinHostPort(ownAddress(), freePort(t))
}

// Ports below those that the kernel gives to clients, because a client of one test would take the port of another.
const (
	firstPort = 20_000
	ports     = 12_000
)

// givenPorts counts what freePort returned.
var givenPorts atomic.Uint32

// freePort returns a port that nothing listens at, and that no other call returns.
func freePort(t *testing.T) string {
	t.Helper()
	for range ports {
		port := strconv.Itoa(int(firstPort + givenPorts.Add(1)%ports))
		if listener, err := net.Listen("tcp", ":"+port); err == nil {
			require.NoError(t, listener.Close())
			return port
		}
	}
	require.FailNow(t, "no port is free")
	return ""
}

func content(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(data)
}
