package conformance

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/ending"
	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// patience is how long anything may take that is expected at once.
const patience = 20 * time.Second

// waitForIt is how long to wait before looking again.
const waitForIt = 5 * time.Millisecond

// start is how a server is started.
type start struct {
	// dir is the working directory and has the data in data/. Without one it is a
	// new one.
	dir string
	// environment is what the server sees besides its address and storage directory.
	environment []string
	// unset names variables that the server does not see.
	unset []string
	// arguments are the flags.
	arguments []string
	// program is run instead of the server.
	program string
	// attributes change how the process is started.
	attributes []func(*syscall.SysProcAttr)
}

// server is a process of the program under test.
type server struct {
	*client.Client
	t       *testing.T
	dir     string
	address string
	process *os.Process
	// ended is closed when the process has.
	ended chan struct{}
	state *os.ProcessState
}

// exit is how a process ended: with a code, or by a signal.
type exit struct {
	Code   int
	Signal syscall.Signal
}

// The exits that there are.
var (
	stopped    = exit{Code: 0}
	failed     = exit{Code: 1}
	wrongUsage = exit{Code: 2}
	panicked   = exit{Code: 101}
)

// launch starts a server and does not wait until it serves.
func launch(t *testing.T, how start) *server {
	t.Helper()
	if how.dir == "" {
		how.dir = t.TempDir()
	}
	if how.program == "" {
		how.program = serverProgram
	}
	s := &server{t: t, dir: how.dir, address: freeAddress(t), ended: make(chan struct{})}
	s.Client = client.New("http://" + s.address)
	// A connection that is kept would tell a later server from an earlier one.
	s.HTTP = client.NewHTTPClient(&http.Transport{DisableKeepAlives: true})

	command := exec.Command(how.program, how.arguments...)
	command.Dir = how.dir
	command.Env = without(how.unset, append([]string{
		"BARQ_ADDR=" + s.address, "BARQ_STORAGE_DIR=" + filepath.Join(how.dir, "data"),
	}, how.environment...))
	command.SysProcAttr = childAttributes()
	for _, change := range how.attributes {
		change(command.SysProcAttr)
	}
	out, err := os.Create(s.outFile())
	require.NoError(t, err)
	problems, err := os.Create(s.problemsFile())
	require.NoError(t, err)
	command.Stdout, command.Stderr = out, problems

	started := make(chan error)
	go func() {
		// The kernel counts the thread that started a child as its parent, so the
		// thread has to live for as long as the child.
		runtime.LockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait()
			s.state = command.ProcessState
			close(s.ended)
		}
	}()
	require.NoError(t, <-started)
	require.NoError(t, out.Close())
	require.NoError(t, problems.Close())
	s.process = command.Process
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("standard output:\n%s\nstandard error:\n%s", s.out(), s.problems())
		}
	})
	return s
}

// serve starts a server and waits until it serves.
func serve(t *testing.T, how start) *server {
	t.Helper()
	s := launch(t, how)
	s.await()
	return s
}

// again starts another process on the data of one that has ended.
func (s *server) again(environment ...string) *server {
	s.t.Helper()
	return serve(s.t, start{dir: s.dir, environment: environment})
}

// await waits until the server answers.
func (s *server) await() {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for s.Health(s.t.Context()) != nil {
		select {
		case <-s.ended:
			require.FailNow(s.t, "the server ended at its start", "%s\n%s", s.state, s.problems())
		case <-time.After(waitForIt):
		}
		require.True(s.t, time.Now().Before(deadline), "the server does not answer")
	}
}

// exit waits until the process has ended and says how.
func (s *server) exit() exit {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(patience):
		require.FailNow(s.t, "the server has not ended")
	}
	status := s.state.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return exit{Signal: status.Signal()}
	}
	if code := status.ExitStatus(); code != 0 {
		// The agent tells a person why.
		cause := ending.Why(ending.End{Code: code}, s.problems())
		require.NotEqual(s.t, ending.Unknown, cause.Reason, s.problems())
	}
	return exit{Code: status.ExitStatus()}
}

func (s *server) signal(signal syscall.Signal) {
	s.t.Helper()
	require.NoError(s.t, s.process.Signal(signal))
}

// stop ends the server as an operator should, and checks that it did.
func (s *server) stop() {
	s.t.Helper()
	s.signal(syscall.SIGINT)
	require.Equal(s.t, stopped, s.exit())
}

// kill ends the process whatever it does.
func (s *server) kill() {
	// An error means that it has ended.
	_ = s.process.Kill()
	<-s.ended
}

// livesFor tells that the process has not ended after a while.
func (s *server) livesFor(duration time.Duration) bool {
	select {
	case <-s.ended:
		return false
	case <-time.After(duration):
		return true
	}
}

func (s *server) outFile() string      { return filepath.Join(s.dir, "stdout") }
func (s *server) problemsFile() string { return filepath.Join(s.dir, "stderr") }
func (s *server) out() string          { return s.read(s.outFile()) }
func (s *server) problems() string     { return s.read(s.problemsFile()) }

// collectionFile is a file of a collection of the default tenant.
func (s *server) collectionFile(collection, file string) string {
	return filepath.Join(s.dir, "data", "tenants", "default", "collections", collection, file)
}

func (s *server) read(file string) string {
	s.t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(s.t, err)
	return string(content)
}

func (s *server) write(file, content string) {
	s.t.Helper()
	require.NoError(s.t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(s.t, os.WriteFile(file, []byte(content), 0o644))
}

// status makes a request and gives the status of the answer.
func (s *server) status(method, path, body string) int {
	s.t.Helper()
	mediaType := ""
	if body != "" {
		mediaType = "application/json"
	}
	answer, err := s.Send(s.t.Context(), method, path, mediaType, body)
	require.NoError(s.t, err)
	return answer.Status
}

func without(names, environment []string) []string {
	var kept []string
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if !slices.Contains(names, name) {
			kept = append(kept, entry)
		}
	}
	return kept
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// listens tells whether a process takes connections at the address.
func listens(address string) bool {
	connection, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	return connection.Close() == nil
}

// requireStatus requires that a request was refused with that status.
func requireStatus(t *testing.T, status int, err error) {
	t.Helper()
	var refusal *client.StatusError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, status, refusal.Status, refusal.Error())
}

// documents gives as many documents, with vectors that tell them apart.
func documents(count int) []client.Document {
	made := make([]client.Document, 0, count)
	for number := 1; number <= count; number++ {
		made = append(made, client.Document{
			ID: client.Number(uint64(number)), Vector: []float32{float32(number), 0},
			Payload: map[string]any{"title": fmt.Sprintf("document %d", number)},
		})
	}
	return made
}

// fill makes the collection "things" with as many documents.
func (s *server) fill(count int) []client.Document {
	s.t.Helper()
	require.NoError(s.t, s.CreateCollection(s.t.Context(), client.Collection{Name: "things", Dimension: 2, Metric: client.L2}))
	made := documents(count)
	require.NoError(s.t, s.Insert(s.t.Context(), "things", made...))
	return made
}

// requireAll requires that the collection "things" has the documents, as they were inserted.
func (s *server) requireAll(expected []client.Document) {
	s.t.Helper()
	for _, document := range expected {
		found, err := s.Get(s.t.Context(), "things", document.ID)
		require.NoError(s.t, err)
		require.Equal(s.t, &document, found)
	}
}
